#include "policy/condition_values.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <limits>
#include <string>

#include <arpa/inet.h>

#include "base/ascii.h"

namespace meridian::policy {

namespace {

// java.time's and so IAM's years.
constexpr std::int64_t kYearMin = -292'275'054;
constexpr std::int64_t kYearMax = 292'278'993;
constexpr std::int64_t kSecondsPerDay = 86'400;
constexpr int kMappedBits = 96;  // before the IPv4 address in ::ffff:a.b.c.d

// The whole text as a number without a sign, between the two.
std::optional<std::int64_t> whole_number(std::string_view text, std::int64_t min,
                                         std::int64_t max) {
    std::int64_t value = 0;
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || text.front() == '-' || error != std::errc{} ||
        end != text.data() + text.size())
        return std::nullopt;
    if (value < min || value > max) return std::nullopt;
    return value;
}

std::string_view take_until(std::string_view& rest, char separator) {
    auto const at = rest.find(separator);
    auto const part = rest.substr(0, at);
    rest = at == std::string_view::npos ? std::string_view{} : rest.substr(at + 1);
    return part;
}

// Days since 1970-01-01 of the proleptic Gregorian calendar. std::chrono::year ends at 32767, so
// the year is brought into one cycle of 400 years first.
std::int64_t days_since_epoch(std::int64_t year, std::int64_t month, std::int64_t day) {
    constexpr std::int64_t kDaysPerCycle = 146'097;
    auto const cycles = (year >= 0 ? year : year - 399) / 400;
    using namespace std::chrono;
    auto const first = sys_days{std::chrono::year{static_cast<int>(year - cycles * 400)} /
                                std::chrono::month{static_cast<unsigned>(month)} / 1};
    return cycles * kDaysPerCycle + first.time_since_epoch().count() + day - 1;
}

std::optional<std::int64_t> parse_days(std::string_view text) {
    bool const before_christ = text.starts_with('-');
    if (before_christ) text.remove_prefix(1);
    auto const year = whole_number(take_until(text, '-'), 0, before_christ ? -kYearMin : kYearMax);
    if (!year) return std::nullopt;
    std::optional<std::int64_t> month = 1;
    std::optional<std::int64_t> day = 1;
    if (!text.empty()) month = whole_number(take_until(text, '-'), 1, 12);
    if (!text.empty()) day = whole_number(take_until(text, '-'), 1, 31);
    if (!month || !day || !text.empty()) return std::nullopt;
    return days_since_epoch(before_christ ? -*year : *year, *month, *day);
}

// "Z", "+HH", "+HH:MM", "-HH:MM": what has to be taken off for UTC.
std::optional<std::int64_t> parse_offset(std::string_view text) {
    if (text.empty() || text == "z") return 0;
    bool const east = text.front() == '+';
    text.remove_prefix(1);
    auto const hours_text = take_until(text, ':');
    auto const hours = whole_number(hours_text, 0, 23);
    std::optional<std::int64_t> minutes = 0;
    if (!text.empty()) {
        if (text.size() != 2) return std::nullopt;
        minutes = whole_number(text, 0, 59);
    }
    if (!hours || hours_text.size() != 2 || !minutes) return std::nullopt;
    auto const seconds = (*hours * 60 + *minutes) * 60;
    return east ? seconds : -seconds;
}

std::optional<std::int32_t> parse_fraction(std::string_view text) {
    if (text.empty() || text.size() > 9) return std::nullopt;
    std::string digits(text);
    digits.resize(9, '0');
    auto const value = whole_number(digits, 0, 999'999'999);
    if (!value) return std::nullopt;
    return static_cast<std::int32_t>(*value);
}

// "10", "10:30", "10:30:15.25+02:00"; empty is midnight.
std::optional<Instant> parse_time_of_day(std::string_view text) {
    if (text.empty()) return Instant{};
    auto const zone_at = text.find_first_of("z+-");
    auto const zone = zone_at == std::string_view::npos ? std::string_view{} : text.substr(zone_at);
    if (zone.size() > 1 && zone.front() == 'z') return std::nullopt;
    auto clock = text.substr(0, zone_at);
    auto const offset = parse_offset(zone);
    auto const hours = whole_number(take_until(clock, ':'), 0, 23);
    std::optional<std::int64_t> minutes = 0;
    std::optional<std::int64_t> seconds = 0;
    std::optional<std::int32_t> nanoseconds = 0;
    if (!clock.empty()) minutes = whole_number(take_until(clock, ':'), 0, 59);
    if (!clock.empty()) {
        auto fraction = clock;
        seconds = whole_number(take_until(fraction, '.'), 0, 59);
        if (!fraction.empty()) nanoseconds = parse_fraction(fraction);
    }
    if (!offset || !hours || !minutes || !seconds || !nanoseconds) return std::nullopt;
    return Instant{(*hours * 60 + *minutes) * 60 + *seconds - *offset, *nanoseconds};
}

}  // namespace

std::optional<double> parse_number(std::string_view text) {
    if (text.starts_with('+')) text.remove_prefix(1);
    double value = 0;
    auto const [end, error] =
        std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::general);
    // "nan" and "inf" are numbers to from_chars, not to a policy.
    bool const digits = text.find_first_of("0123456789") != std::string_view::npos;
    if (error != std::errc{} || end != text.data() + text.size() || !digits) return std::nullopt;
    return value;
}

std::optional<bool> parse_bool(std::string_view text) {
    if (equals_ignoring_case(text, "true")) return true;
    if (equals_ignoring_case(text, "false")) return false;
    return std::nullopt;
}

std::optional<Instant> parse_instant(std::string_view text) {
    auto const small = lowered(text);
    std::string_view rest = small;
    if (small.find_first_of("t-") == std::string::npos) {
        auto const seconds = whole_number(rest, 0, std::numeric_limits<std::int64_t>::max());
        if (!seconds) return std::nullopt;
        return Instant{*seconds, 0};
    }
    auto const days = parse_days(take_until(rest, 't'));
    auto const time = parse_time_of_day(rest);
    if (!days || !time) return std::nullopt;
    return Instant{*days * kSecondsPerDay + time->seconds, time->nanoseconds};
}

bool AddressBlock::contains(AddressBlock const& other) const noexcept {
    if (other.prefix_bits < prefix_bits) return false;
    auto const whole = static_cast<std::size_t>(prefix_bits / 8);
    if (!std::equal(bytes.begin(), bytes.begin() + whole, other.bytes.begin())) return false;
    int const left = prefix_bits % 8;
    if (left == 0) return true;
    auto const mask = static_cast<std::uint8_t>(0xFF << (8 - left));
    return (bytes[whole] & mask) == (other.bytes[whole] & mask);
}

std::optional<AddressBlock> parse_address_block(std::string_view text) {
    auto const slash = text.find('/');
    std::string const address(text.substr(0, slash));
    AddressBlock block;
    int bits = 128;
    if (inet_pton(AF_INET, address.c_str(), block.bytes.data() + 12) == 1) {
        block.bytes[10] = block.bytes[11] = 0xFF;
        bits = 32;
    } else if (inet_pton(AF_INET6, address.c_str(), block.bytes.data()) != 1) {
        return std::nullopt;
    }
    if (slash == std::string_view::npos) return block;
    auto const prefix = whole_number(text.substr(slash + 1), 0, bits);
    if (!prefix) return std::nullopt;
    block.prefix_bits = static_cast<int>(*prefix) + (bits == 32 ? kMappedBits : 0);
    return block;
}

}  // namespace meridian::policy
