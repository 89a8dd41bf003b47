package dev.workerpool.e2e.demo;

/** Where the story is seen. */
interface Screen {
    /** Text that stays. */
    void say(String text);

    /** What is there now; called at each change, and now and then without one. */
    void show(Scene scene);
}
