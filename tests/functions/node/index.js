"use strict";
const { spawn } = require("node:child_process");

class TestError extends Error {
    constructor(message) {
        super(message);
        this.name = "TestError";
    }
}

class TestInitError extends TestError {
    constructor(message) {
        super(message);
        this.name = "TestInitError";
    }
}

const pause = (ms) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);

const init = process.env.TEST_INIT ?? "";
if (init === "exit") process.exit(1);
if (init === "error") throw new TestInitError("init failed");
if (init.startsWith("sleep:")) pause(Number(init.slice("sleep:".length)));

exports.handler = async (event, context) => {
    switch (event?.do) {
        case "log":
            (event.stream === "stderr" ? console.error : console.log)(event.text);
            break;
        case "error":
            throw new TestError(event.message);
        case "sleep":
            await new Promise((resolve) => setTimeout(resolve, event.ms));
            break;
        case "exit":
            process.exit(event.code);
        case "crash":
            process.kill(process.pid, "SIGSEGV");
            pause(10000);
            break;
        case "env":
            return { ...process.env };
        case "big":
            return "x".repeat(Math.max(0, event.bytes - 2));
        case "orphan":
            spawn("sleep", ["infinity"], { detached: true, stdio: "ignore" }).unref();
            break;
        case "context":
            return { ...context, remainingTimeInMillis: context.getRemainingTimeInMillis() };
    }
    return event;
};
