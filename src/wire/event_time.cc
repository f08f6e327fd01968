#include "wire/event_time.h"

#include <array>
#include <cstdint>

#include <fmt/format.h>

namespace meridian::wire {
namespace {

using namespace std::chrono;

struct Civil {
    int year;
    unsigned month, day, hour, minute, second, millisecond;
    unsigned weekday;
};

Civil civil(WallTime time) {
    auto const midnight = floor<days>(time);
    year_month_day const date{midnight};
    hh_mm_ss const clock{time - midnight};
    return {static_cast<int>(date.year()),
            static_cast<unsigned>(date.month()),
            static_cast<unsigned>(date.day()),
            static_cast<unsigned>(clock.hours().count()),
            static_cast<unsigned>(clock.minutes().count()),
            static_cast<unsigned>(clock.seconds().count()),
            static_cast<unsigned>(duration_cast<milliseconds>(clock.subseconds()).count()),
            weekday{midnight}.c_encoding()};
}

constexpr std::array<std::string_view, 7> kWeekdays = {"Sun", "Mon", "Tue", "Wed",
                                                       "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

// Reads a time field by field; one wrong character and nothing after it counts.
class Reader {
  public:
    explicit Reader(std::string_view text) : text_(text) {}

    int number(std::size_t digits) {
        if (text_.size() < digits) return spoil();
        int value = 0;
        for (std::size_t i = 0; i < digits; ++i) {
            if (text_[i] < '0' || text_[i] > '9') return spoil();
            value = value * 10 + (text_[i] - '0');
        }
        text_.remove_prefix(digits);
        return value;
    }
    bool take(std::string_view literal) {
        if (!text_.starts_with(literal)) return false;
        text_.remove_prefix(literal.size());
        return true;
    }
    void expect(std::string_view literal) {
        if (!take(literal)) spoil();
    }
    template <std::size_t N>
    int one_of(std::array<std::string_view, N> const& names) {
        for (std::size_t i = 0; i < N; ++i) {
            if (take(names[i])) return static_cast<int>(i);
        }
        return spoil();
    }
    // The digits after a decimal point as microseconds; digits beyond the sixth are dropped.
    int fraction() {
        int value = 0;
        int digits = 0;
        while (!text_.empty() && text_[0] >= '0' && text_[0] <= '9') {
            if (digits < 6) value = value * 10 + (text_[0] - '0');
            ++digits;
            text_.remove_prefix(1);
        }
        if (digits == 0) return spoil();
        for (; digits < 6; ++digits) value *= 10;
        return value;
    }
    [[nodiscard]] bool at_end() const { return good_ && text_.empty(); }

  private:
    int spoil() {
        good_ = false;
        text_ = {};
        return 0;
    }

    std::string_view text_;
    bool good_ = true;
};

std::optional<WallTime> to_time(int year, int month, int day, int hour, int minute, int second) {
    auto const date = std::chrono::year{year} / month / day;
    if (!date.ok() || hour > 23 || minute > 59 || second > 59) return std::nullopt;
    return WallTime{sys_days{date}} + hours{hour} + minutes{minute} + seconds{second};
}

}  // namespace

std::string format_last_modified(WallTime time) {
    auto const t = civil(time);
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}+0000", t.year, t.month, t.day,
                       t.hour, t.minute, t.second, t.millisecond);
}

std::string format_iso8601_offset(WallTime time) {
    auto text = format_iso8601(time);
    text.replace(text.size() - 1, 1, "+0000");
    return text;
}

std::string format_iso8601(WallTime time) {
    auto const t = civil(time);
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", t.year, t.month, t.day, t.hour,
                       t.minute, t.second);
}

std::string format_iso8601_ms(WallTime time) {
    auto const t = civil(time);
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", t.year, t.month, t.day, t.hour,
                       t.minute, t.second, t.millisecond);
}

std::string format_amz_date(WallTime time) {
    auto const t = civil(time);
    return fmt::format("{:04}{:02}{:02}T{:02}{:02}{:02}Z", t.year, t.month, t.day, t.hour, t.minute,
                       t.second);
}

std::string format_http_date(WallTime time) {
    auto const t = civil(time);
    return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", kWeekdays[t.weekday], t.day,
                       kMonths[t.month - 1], t.year, t.hour, t.minute, t.second);
}

std::optional<WallTime> parse_amz_date(std::string_view text) {
    Reader in(text);
    int const year = in.number(4), month = in.number(2), day = in.number(2);
    in.expect("T");
    int const hour = in.number(2), minute = in.number(2), second = in.number(2);
    in.expect("Z");
    if (!in.at_end()) return std::nullopt;
    return to_time(year, month, day, hour, minute, second);
}

std::optional<WallTime> parse_http_date(std::string_view text) {
    Reader in(text);
    in.one_of(kWeekdays);
    in.expect(", ");
    int const day = in.number(2);
    in.expect(" ");
    int const month = in.one_of(kMonths) + 1;
    in.expect(" ");
    int const year = in.number(4);
    in.expect(" ");
    int const hour = in.number(2);
    in.expect(":");
    int const minute = in.number(2);
    in.expect(":");
    int const second = in.number(2);
    in.expect(" GMT");
    if (!in.at_end()) return std::nullopt;
    return to_time(year, month, day, hour, minute, second);
}

std::optional<WallTime> parse_iso8601(std::string_view text) {
    Reader in(text);
    int const year = in.number(4);
    in.expect("-");
    int const month = in.number(2);
    in.expect("-");
    int const day = in.number(2);
    in.expect("T");
    int const hour = in.number(2);
    in.expect(":");
    int const minute = in.number(2);
    in.expect(":");
    int const second = in.number(2);
    int const micros = in.take(".") ? in.fraction() : 0;
    int offset_minutes = 0;
    if (!in.take("Z")) {
        int const sign = in.take("-") ? -1 : 1;
        if (sign > 0) in.expect("+");
        int const offset_hours = in.number(2);
        (void)in.take(":");
        offset_minutes = sign * (offset_hours * 60 + in.number(2));
    }
    if (!in.at_end()) return std::nullopt;
    auto const local = to_time(year, month, day, hour, minute, second);
    if (!local) return std::nullopt;
    return *local + microseconds{micros} - minutes{offset_minutes};
}

}  // namespace meridian::wire
