#include <filesystem>
#include <fstream>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include "telemetry/line_splitter.h"
#include "telemetry/log_store.h"
#include "telemetry/log_tail.h"
#include "telemetry/report.h"
#include "telemetry/system_log.h"
#include "telemetry/telemetry_frames.h"

namespace meridian::telemetry {
namespace {

using namespace std::chrono_literals;

TEST(LineSplitter, CutsLinesAcrossPieces) {
    LineSplitter splitter(8);
    EXPECT_EQ(splitter.push("ab\nc"), (std::vector<std::string>{"ab"}));
    EXPECT_EQ(splitter.push("d\r\n\n"), (std::vector<std::string>{"cd", ""}));
    EXPECT_EQ(splitter.push("0123456789"), (std::vector<std::string>{"01234567"}));
    EXPECT_EQ(splitter.flush(), "89");
    EXPECT_EQ(splitter.flush(), "");
}

std::string frame(std::string const& type, std::string const& time, std::string const& payload) {
    std::string bytes = type;
    for (int shift = 24; shift >= 0; shift -= 8)
        bytes.push_back(static_cast<char>(payload.size() >> shift & 0xff));
    return bytes + time + payload;
}

TEST(TelemetryFrames, KeepMessagesOfSeveralLinesTogether) {
    using namespace std::string_literals;
    auto const bytes = frame("\xa5\x5a\x00\x03"s, "\0\0\0\0\0\0\x03\xe8"s, "a\nb\n") +
                       frame("\xa5\x5a\x00\x01"s, "", "c");
    for (std::size_t step = 1; step <= bytes.size(); ++step) {
        TelemetryFrames frames(100);
        std::vector<LogEvent> events;
        for (std::size_t i = 0; i < bytes.size(); i += step) {
            for (auto& event : frames.push(std::string_view(bytes).substr(i, step), WallTime(7us)))
                events.push_back(event);
        }
        EXPECT_EQ(events, (std::vector<LogEvent>{{WallTime(1000us), "a\nb"}, {WallTime(7us), "c"}}))
            << step;
    }
}

TEST(TelemetryFrames, PassOnWhatIsNotFramed) {
    TelemetryFrames frames(100);
    auto const events = frames.push("just text, no frame\n", WallTime(1us));
    ASSERT_EQ(events.size(), 1U);
    EXPECT_EQ(events[0].message, "just text, no frame");
}

TEST(LogTail, KeepsTheLastBytes) {
    LogTail tail(10);
    for (int i = 0; i < 100; ++i) tail.append_line("line " + std::to_string(i));
    EXPECT_EQ(tail.text(), "8\nline 99\n");
}

TEST(Report, MatchesRecordedLines) {
    InvocationReport report;
    report.request_id = model::RequestId{"id"};
    report.duration = 3010us;
    report.memory_mb = 128;
    report.peak_memory_bytes = 36 * 1024 * 1024;
    EXPECT_EQ(report_line(report),
              "REPORT RequestId: id\tDuration: 3.01 ms\tBilled Duration: 4 ms\tMemory Size: 128 "
              "MB\tMax Memory Used: 36 MB\t");
    report.init_duration = 110'100us;
    EXPECT_EQ(billed_ms(report), 114U);
    EXPECT_TRUE(report_line(report).ends_with("\tInit Duration: 110.10 ms\t"));
    report.status = InvocationReport::Status::kError;
    report.error_type = "Runtime.ExitError";
    EXPECT_TRUE(report_line(report).ends_with("\tStatus: error\tError Type: Runtime.ExitError"));
    EXPECT_EQ(start_line(report.request_id, model::Version{"$LATEST"}),
              "START RequestId: id Version: $LATEST");
    EXPECT_EQ(log_stream_name(std::chrono::sys_days(std::chrono::year(2026) / 1 / 2),
                              model::Version{"3"}, "ab", "f"),
              "2026/01/02/f[3][ab]");
    EXPECT_EQ(log_stream_name(std::chrono::sys_days(std::chrono::year(2026) / 1 / 2),
                              model::Version{"3"}, "ab"),
              "2026/01/02/[3]ab");
}

model::RunnableVersion function_with(std::optional<model::LogLevels> levels) {
    model::RunnableVersion function;
    function.name = model::FunctionName("f");
    function.version.settings.json_logs = std::move(levels);
    return function;
}

InvocationReport failed_report() {
    InvocationReport report;
    report.request_id = model::RequestId{"id"};
    report.duration = 3010us;
    report.memory_mb = 128;
    report.status = InvocationReport::Status::kError;
    report.error_type = "E";
    return report;
}

TEST(SystemLog, InJsonIsTheTelemetryApisRecords) {
    SystemLog const log(function_with(model::LogLevels{}), false);
    WallTime const now{1'704'067'200'123ms};
    EXPECT_EQ(log.start(now, model::RequestId{"id"}),
              LogLines{R"({"time":"2024-01-01T00:00:00.123Z","type":"platform.start",)"
                       R"("record":{"requestId":"id","version":"$LATEST"}})"});
    auto report = failed_report();
    report.status = InvocationReport::Status::kSuccess;
    report.init_duration = 110'100us;
    report.peak_memory_bytes = 36 * 1024 * 1024;
    EXPECT_EQ(log.end(now, report),
              LogLines{R"({"time":"2024-01-01T00:00:00.123Z","type":"platform.report",)"
                       R"("record":{"requestId":"id","metrics":{"durationMs":3.01,)"
                       R"("billedDurationMs":114,"memorySizeMB":128,"maxMemoryUsedMB":36,)"
                       R"("initDurationMs":110.1},"status":"success"}})"});
    auto const init = log.init_failed(now, 5ms, true, InvocationReport::Status::kError, "\xff");
    ASSERT_EQ(init.size(), 1U) << "bytes that are no UTF-8 do no harm";
    EXPECT_NE(init[0].find(R"("phase":"invoke","status":"error","errorType")"), std::string::npos);
}

TEST(SystemLog, ShowsWhatItsLevelAsksFor) {
    struct Case {
        std::optional<model::LogLevels> levels;
        std::size_t init_start, start, success, failure;
    };
    for (auto const& test : std::initializer_list<Case>{{std::nullopt, 1, 1, 2, 2},
                                                        {{{"INFO", "DEBUG"}}, 1, 1, 2, 2},
                                                        {{{"INFO", "INFO"}}, 1, 1, 1, 2},
                                                        {{{"INFO", "WARN"}}, 0, 0, 0, 2}}) {
        SystemLog const log(function_with(test.levels), true);
        auto report = failed_report();
        EXPECT_EQ(log.init_start({}, "v", "arn").size(), test.init_start);
        EXPECT_EQ(log.start({}, report.request_id).size(), test.start);
        EXPECT_EQ(log.end({}, report).size(), test.failure);
        report.status = InvocationReport::Status::kSuccess;
        EXPECT_EQ(log.end({}, report).size(), test.success);
    }
}

class LogStoreTest : public testing::Test {
  protected:
    LogStoreTest() {
        char name[] = "/tmp/meridian-logs-XXXXXX";
        directory_ = ::mkdtemp(name);
    }
    ~LogStoreTest() override { std::filesystem::remove_all(directory_); }

    template <typename T>
    T run(boost::asio::awaitable<T> work) {
        std::optional<T> out;
        boost::asio::co_spawn(context_, std::move(work), [&](std::exception_ptr e, T value) {
            EXPECT_FALSE(e);
            out = std::move(value);
        });
        context_.restart();
        context_.run();
        return std::move(*out);
    }

    std::filesystem::path directory_;
    boost::asio::io_context context_;
    io::BlockingPool pool_{{.threads = 1}};
    NullLog log_;
};

TEST_F(LogStoreTest, ReadsBackByCursorAndAcrossARestart) {
    {
        LogStore store(directory_, pool_, log_);
        store.append("/aws/lambda/f", "s1",
                     {{WallTime(1ms), "one"}, {WallTime(2ms), "two\nlines"}});
        ASSERT_TRUE(run(store.flush()));
        auto const page = run(store.read("/aws/lambda/f", "", 100'000)).value();
        ASSERT_EQ(page.events.size(), 2U);
        EXPECT_EQ(page.events[1].event.message, "two\nlines");
        EXPECT_EQ(page.events[1].stream, "s1");
        store.append("/aws/lambda/f", "s2", {{WallTime(3ms), "three \xff"}});
        ASSERT_TRUE(run(store.flush()));
        auto const next = run(store.read("/aws/lambda/f", page.next_cursor, 100'000)).value();
        ASSERT_EQ(next.events.size(), 1U);
        EXPECT_EQ(next.events[0].event.message, "three \xEF\xBF\xBD");
    }
    LogStore again(directory_, pool_, log_);
    EXPECT_EQ(run(again.read("/aws/lambda/f", "", 100'000)).value().events.size(), 3U);
    EXPECT_TRUE(run(again.read("/aws/lambda/other", "", 100'000)).value().events.empty());
    EXPECT_EQ(run(again.read("/aws/lambda/f", "nonsense", 10)).error().code,
              Errc::kInvalidParameterValue);
}

TEST_F(LogStoreTest, KeepsEveryCharacter) {
    LogStore store(directory_, pool_, log_);
    std::vector<LogEvent> events;
    for (char c = 0; c < 127; ++c) events.push_back({WallTime(1ms), std::string("a") + c + "b"});
    events.push_back({WallTime(2ms), "\\\"}{ \xC3\xA9 \xF0\x9F\x98\x80 \t\x7F"});
    store.append("g", "2026/07/01/[$LATEST]0", events);
    ASSERT_TRUE(run(store.flush()));
    auto const page = run(store.read("g", "", 100'000)).value();
    ASSERT_EQ(page.events.size(), events.size());
    for (std::size_t i = 0; i < events.size(); ++i) EXPECT_EQ(page.events[i].event, events[i]);
}

TEST_F(LogStoreTest, SkipsALineThatACrashTore) {
    LogStore store(directory_, pool_, log_);
    store.append("g", "s", {{WallTime(1ms), "whole"}});
    ASSERT_TRUE(run(store.flush()));
    std::ofstream(directory_ / "g" / "00000001.jsonl", std::ios::app)
        << "{\"t\": 2, \"s\": \"s\", \"m\": \"to";
    auto const page = run(store.read("g", "", 100'000)).value();
    EXPECT_EQ(page.events.size(), 1U);
    store.append("g", "s", {{WallTime(3ms), "after"}});
    ASSERT_TRUE(run(store.flush()));
    auto const both = run(store.read("g", "", 100'000)).value();
    ASSERT_EQ(both.events.size(), 2U);
    EXPECT_EQ(both.events.back().event.message, "after");
    EXPECT_TRUE(run(store.read("g", both.next_cursor, 100'000)).value().events.empty());
}

TEST_F(LogStoreTest, DropsTheOldestSegments) {
    LogStore store(directory_, pool_, log_, {.segment_bytes = 100, .segments_per_group = 3});
    for (int i = 0; i < 50; ++i) {
        store.append("g", "s", {{WallTime(1ms), "line " + std::to_string(i)}});
        ASSERT_TRUE(run(store.flush()));
    }
    auto const files = std::distance(std::filesystem::directory_iterator(directory_ / "g"), {});
    EXPECT_LE(files, 3);
    auto const page = run(store.read("g", "", 100'000)).value();
    ASSERT_FALSE(page.events.empty());
    EXPECT_EQ(page.events.back().event.message, "line 49");
    EXPECT_LT(page.events.size(), 20U);
}

}  // namespace
}  // namespace meridian::telemetry
