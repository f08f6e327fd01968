#include "telemetry/log_store.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <mutex>

#include <fcntl.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "io/sleep.h"
#include "io/unique_fd.h"

namespace meridian::telemetry {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kSuffix = ".jsonl";

std::string encode_group(std::string const& group) {
    std::string out;
    for (char const c : group) {
        bool const plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                           (c >= '0' && c <= '9') || c == '-' || c == '_';
        if (plain) {
            out.push_back(c);
        } else {
            fmt::format_to(std::back_inserter(out), "%{:02X}", static_cast<unsigned char>(c));
        }
    }
    return out;
}

struct Cursor {
    std::uint64_t segment = 0;
    std::uint64_t offset = 0;
};

std::optional<Cursor> parse_cursor(std::string_view text) {
    Cursor cursor;
    if (text.empty()) return cursor;
    auto const* end = text.end();
    auto const [colon, error] = std::from_chars(text.begin(), end, cursor.segment);
    if (error != std::errc{} || colon == end || *colon != ':') return std::nullopt;
    auto const [last, second_error] = std::from_chars(colon + 1, end, cursor.offset);
    if (second_error != std::errc{} || last != end) return std::nullopt;
    return cursor;
}

std::string system_error(std::string_view what, fs::path const& path) {
    return fmt::format("{} {}: {}", what, path.string(), std::strerror(errno));
}

std::vector<std::uint64_t> segments_in(fs::path const& directory) {
    std::vector<std::uint64_t> found;
    std::error_code error;
    for (auto const& entry : fs::directory_iterator(directory, error)) {
        auto const name = entry.path().filename().string();
        std::uint64_t number = 0;
        auto const [end, parse_error] =
            std::from_chars(name.data(), name.data() + name.size(), number);
        if (parse_error == std::errc{} && std::string_view(end) == kSuffix) found.push_back(number);
    }
    std::ranges::sort(found);
    return found;
}

fs::path segment_path(fs::path const& directory, std::uint64_t number) {
    return directory / fmt::format("{:08}{}", number, kSuffix);
}

// Every invocation writes three lines, nearly always plain: what needs care is left to the library.
void append_json_string(std::string& out, std::string_view text) {
    bool const ascii = std::ranges::none_of(text, [](char c) { return (c & 0x80) != 0; });
    if (!ascii) {
        // What is not UTF-8 is shown with replacement characters, as CloudWatch Logs does.
        out += nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
        return;
    }
    out.push_back('"');
    for (char const c : text) {
        if (c == '"' || c == '\\') {
            out.push_back('\\');
            out.push_back(c);
        } else if (c == '\t') {
            out.append("\\t");
        } else if (c < 0x20) {
            fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(c));
        } else {
            out.push_back(c);
        }
    }
    out.push_back('"');
}

}  // namespace

// Runs in the blocking pool, one job at a time.
struct LogStore::Files {
    Files(fs::path d, LogRetention r) : directory(std::move(d)), retention(r) {}

    fs::path directory;
    LogRetention retention;
    std::mutex mutex;  // held by the job that writes or reads

    Result<void> write(std::string const& group, std::string const& lines) {
        std::lock_guard lock(mutex);
        auto const folder = directory / encode_group(group);
        std::error_code error;
        fs::create_directories(folder, error);
        auto segments = segments_in(folder);
        std::uint64_t number = segments.empty() ? 1 : segments.back();
        if (!segments.empty() &&
            (fs::file_size(segment_path(folder, number), error) >= retention.segment_bytes ||
             ends_torn(segment_path(folder, number)))) {
            ++number;
        }
        if (segments.empty() || segments.back() != number) segments.push_back(number);
        for (std::size_t i = 0; i + retention.segments_per_group < segments.size(); ++i) {
            fs::remove(segment_path(folder, segments[i]), error);
        }
        auto const path = segment_path(folder, number);
        io::UniqueFd const file(
            ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640));
        if (!file.valid()) return fail(Errc::kIo, system_error("cannot open", path));
        std::string_view rest = lines;
        while (!rest.empty()) {
            auto const n = ::write(file.get(), rest.data(), rest.size());
            if (n < 0 && errno == EINTR) continue;
            if (n < 0) return fail(Errc::kIo, system_error("cannot write", path));
            rest.remove_prefix(static_cast<std::size_t>(n));
        }
        return {};
    }

    // Whether a crash cut the last line off: nothing may be appended to it.
    static bool ends_torn(fs::path const& path) {
        io::UniqueFd const file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
        char last = '\n';
        auto const end = file.valid() ? ::lseek(file.get(), 0, SEEK_END) : 0;
        if (end > 0 && ::pread(file.get(), &last, 1, end - 1) != 1) return true;
        return last != '\n';
    }

    Result<LogPage> read(std::string const& group, Cursor cursor, std::size_t bytes_max) {
        std::lock_guard lock(mutex);
        auto const folder = directory / encode_group(group);
        LogPage page;
        auto const segments = segments_in(folder);
        std::size_t taken = 0;
        for (auto const number : segments) {
            if (number < cursor.segment) continue;
            if (number > cursor.segment) cursor = {number, 0};
            auto const path = segment_path(folder, number);
            io::UniqueFd const file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
            if (!file.valid()) return fail(Errc::kIo, system_error("cannot open", path));
            std::string bytes(bytes_max - taken, '\0');
            auto const n =
                ::pread(file.get(), bytes.data(), bytes.size(), static_cast<off_t>(cursor.offset));
            if (n < 0) return fail(Errc::kIo, system_error("cannot read", path));
            bytes.resize(static_cast<std::size_t>(n));
            // A line that a crash or a reader's limit cut off is read again when it is whole.
            bytes.resize(bytes.rfind('\n') == std::string::npos ? 0 : bytes.rfind('\n') + 1);
            take_lines(bytes, page);
            taken += bytes.size();
            cursor.offset += bytes.size();
            if (taken * 2 >= bytes_max) break;
        }
        page.next_cursor = fmt::format("{}:{}", cursor.segment, cursor.offset);
        return page;
    }

    static void take_lines(std::string_view bytes, LogPage& page) {
        while (!bytes.empty()) {
            auto const newline = bytes.find('\n');
            auto const line = nlohmann::json::parse(bytes.substr(0, newline), nullptr, false);
            bytes.remove_prefix(newline + 1);
            if (!line.is_object() || !line.contains("t") || !line["t"].is_number_integer())
                continue;  // torn by a crash
            page.events.push_back(
                {line.value("s", ""),
                 {WallTime(std::chrono::milliseconds(line["t"].get<std::int64_t>())),
                  line.value("m", "")}});
        }
    }
};

LogStore::LogStore(fs::path directory, io::BlockingPool& pool, Log& log, LogRetention retention)
    : files_(std::make_shared<Files>(std::move(directory), retention)), pool_(pool), log_(log) {}

void LogStore::append(std::string const& group, std::string const& stream,
                      std::vector<LogEvent> const& events) {
    auto& lines = unwritten_[group];
    for (auto const& event : events) {
        if (unwritten_bytes_ >= kUnwrittenBytesMax) {
            ++dropped_events_;
            continue;
        }
        auto const millis =
            std::chrono::floor<std::chrono::milliseconds>(event.time).time_since_epoch().count();
        auto const before = lines.size();
        lines.append("{\"m\":");
        append_json_string(lines, event.message);
        lines.append(",\"s\":");
        append_json_string(lines, stream);
        lines.append(",\"t\":").append(std::to_string(millis)).append("}\n");
        unwritten_bytes_ += lines.size() - before;
    }
}

io::Task<> LogStore::flush() {
    if (dropped_events_ > 0) {
        log_.write(LogLevel::kWarn, "log events dropped: the disk is too slow",
                   {{"events", std::to_string(std::exchange(dropped_events_, 0))}});
    }
    auto batch = std::exchange(unwritten_, {});
    unwritten_bytes_ = 0;
    for (auto& [group, lines] : batch) {
        if (lines.empty()) continue;
        auto const written =
            co_await io::blocking(pool_, [files = files_, name = group, text = std::move(lines)] {
                return files->write(name, text);
            });
        if (!written) {
            log_.write(LogLevel::kError, "cannot write a function's log",
                       {{"group", group}, {"error", written.error().message}});
        }
    }
    co_return Result<void>{};
}

io::Task<> LogStore::run() {
    for (;;) {
        MERIDIAN_CO_CHECK(co_await io::sleep_for(kLogFlushInterval));
        if (unwritten_.empty()) continue;
        MERIDIAN_CO_CHECK(co_await flush());
    }
}

io::Task<LogPage> LogStore::read(std::string group, std::string cursor, std::size_t bytes_max) {
    auto const parsed = parse_cursor(cursor);
    if (!parsed)
        co_return fail(Errc::kInvalidParameterValue,
                       "The cursor is not one that this server gave.");
    co_return co_await io::blocking(pool_, [files = files_, group, at = *parsed, bytes_max] {
        return files->read(group, at, bytes_max);
    });
}

std::string accounts_group(model::AccountId const& account, std::string_view group) {
    return (account.value() + ":").append(group);
}

}  // namespace meridian::telemetry
