module workerpool.dev/e2e/cluster/worker

go 1.22
