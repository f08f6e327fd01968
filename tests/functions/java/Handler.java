import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import java.util.HashMap;
import java.util.Map;

public class Handler implements RequestHandler<Object, Object> {
    public static class TestError extends RuntimeException {
        public TestError(String message) {
            super(message);
        }
    }

    public static class TestInitError extends RuntimeException {
        public TestInitError(String message) {
            super(message);
        }
    }

    public Handler() throws InterruptedException {
        String init = System.getenv().getOrDefault("TEST_INIT", "");
        if (init.equals("exit")) System.exit(1);
        if (init.equals("error")) throw new TestInitError("init failed");
        if (init.startsWith("sleep:")) Thread.sleep(Long.parseLong(init.substring("sleep:".length())));
    }

    @Override
    public Object handleRequest(Object event, Context context) {
        Map<?, ?> fields = event instanceof Map ? (Map<?, ?>) event : Map.of();
        try {
            switch (String.valueOf(fields.get("do"))) {
                case "log":
                    if ("stderr".equals(fields.get("stream"))) {
                        System.err.println(fields.get("text"));
                    } else if ("logger".equals(fields.get("stream"))) {
                        context.getLogger().log(String.valueOf(fields.get("text")));
                    } else {
                        System.out.println(fields.get("text"));
                    }
                    break;
                case "error":
                    throw new TestError(String.valueOf(fields.get("message")));
                case "sleep":
                    Thread.sleep(number(fields, "ms"));
                    break;
                case "exit":
                    System.exit((int) number(fields, "code"));
                    break;
                case "crash":
                    new ProcessBuilder("kill", "-SEGV", String.valueOf(ProcessHandle.current().pid())).start();
                    Thread.sleep(10000);
                    break;
                case "env":
                    return System.getenv();
                case "big":
                    return "x".repeat((int) Math.max(0, number(fields, "bytes") - 2));
                case "orphan":
                    new ProcessBuilder("setsid", "sleep", "infinity")
                        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                        .redirectError(ProcessBuilder.Redirect.DISCARD)
                        .start();
                    break;
                case "context":
                    Map<String, Object> values = new HashMap<>();
                    values.put("functionName", context.getFunctionName());
                    values.put("functionVersion", context.getFunctionVersion());
                    values.put("invokedFunctionArn", context.getInvokedFunctionArn());
                    values.put("memoryLimitInMB", context.getMemoryLimitInMB());
                    values.put("awsRequestId", context.getAwsRequestId());
                    values.put("logGroupName", context.getLogGroupName());
                    values.put("logStreamName", context.getLogStreamName());
                    values.put("remainingTimeInMillis", context.getRemainingTimeInMillis());
                    return values;
                default:
                    break;
            }
        } catch (java.io.IOException | InterruptedException e) {
            throw new TestError(e.toString());
        }
        return event;
    }

    private static long number(Map<?, ?> fields, String name) {
        return ((Number) fields.get(name)).longValue();
    }
}
