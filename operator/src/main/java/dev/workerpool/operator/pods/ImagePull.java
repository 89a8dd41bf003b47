package dev.workerpool.operator.pods;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Why an image is not there yet, told from the kubelet's text, for Kubernetes has no field for it. The text is that of
 * containerd or CRI-O. The kubelet goes to and fro between ErrImagePull and ImagePullBackOff. Newer ones repeat the
 * cause in the second ("Back-off pulling image "x": ErrImagePull: ..."), so that both read the same; older ones do not:
 * then waiting is all that is known, and a refusal shows at the next try, at most 5 min later.
 */
sealed interface ImagePull {
    /** Why, in words that stay the same from one try to the next; empty if the text does not say. */
    String message();

    /** The registry said no: not found, or not allowed. */
    record Refused(String message) implements ImagePull {}

    /** The registry did not answer, or nothing is known: waiting may mend it. */
    record Waiting(String message) implements ImagePull {}

    /** Names and addresses, which may hold any word: an image {@code shop/forbidden:404} is nobody's refusal. */
    Pattern NAMES = Pattern.compile("\"[^\"]*\"|\\b(?!i/o\\b)[\\w.-]+(:\\d+)?/\\S+|\\bhttps?://\\S+");

    /** Checked first: an answer that did not come, or a registry in trouble, is no refusal whatever else is said. */
    Pattern NO_ANSWER = Pattern.compile(
            "i/o timeout|TLS handshake timeout|context deadline exceeded|Client\\.Timeout exceeded|connection refused"
                    + "|connection reset|no such host|server misbehaving|temporary failure in name resolution"
                    + "|network is unreachable|no route to host|\\bEOF\\b|too ?many ?requests|\\b429\\b"
                    + "|\\b5\\d\\d [A-Z][\\w ]*|pull QPS exceeded",
            Pattern.CASE_INSENSITIVE);

    Pattern NO = Pattern.compile(
            "not ?found|(manifest|name)[ _]unknown|does not exist|(?<!permission )denied|unauthorized|not authorized"
                    + "|forbidden|authentication required|authorization failed|insufficient_scope|no basic auth"
                    + "|\\b40[134]\\b",
            Pattern.CASE_INSENSITIVE);

    Pattern BACK_OFF = Pattern.compile("^Back-off pulling image (\"[^\"]*\"|\\S+?)(: |$)(ErrImagePull: )?");

    /** What containerd says before it comes to the point: the image's name, again and again. */
    Pattern PREAMBLE = Pattern.compile("^(rpc error: code = \\w+ desc = |failed to pull and unpack image \"[^\"]*\": "
            + "|failed to resolve reference \"[^\"]*\": )+");

    private static String point(String image, String cause) {
        String point = PREAMBLE.matcher(cause).replaceFirst("");
        return point.startsWith(image + ": ") ? point.substring(image.length() + 2) : point;
    }

    private static Pattern named(String image) {
        return Pattern.compile("(?<![\\w./-])" + Pattern.quote(image) + "(?![\\w./-])");
    }

    /** Reads the text that comes with ErrImagePull or ImagePullBackOff; null counts as empty. */
    static ImagePull of(String image, String text) {
        String cause = BACK_OFF.matcher(text == null ? "" : text).replaceFirst("");
        String words =
                NAMES.matcher(named(image).matcher(cause).replaceAll(" ")).replaceAll(" ");
        Matcher noAnswer = NO_ANSWER.matcher(words);
        if (noAnswer.find()) {
            // Only this much: the rest holds ports and request ids, which differ at each try.
            return new Waiting(
                    "its registry does not answer (" + noAnswer.group().strip() + ")");
        }
        String point = point(image, cause);
        return NO.matcher(words).find() ? new Refused(point) : new Waiting(point);
    }
}
