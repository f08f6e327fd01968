#pragma once
// The values that condition operators compare, read from text. Pure; any thread.
// Source: IAM User Guide, "IAM JSON policy elements: Condition operators"; the forms of dates as
// IAM was recorded to accept them.

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string_view>

namespace meridian::policy {

[[nodiscard]] std::optional<double> parse_number(std::string_view text);
[[nodiscard]] std::optional<bool> parse_bool(std::string_view text);

// A point in time between the years -292275054 and 292278993, as IAM has it.
struct Instant {
    std::int64_t seconds = 0;  // since 1970, UTC
    std::int32_t nanoseconds = 0;

    auto operator<=>(Instant const&) const = default;
};
// ISO 8601 with anything after the year left out ("2020-01", "01T", "2020-01-01T10:00:00.5+02:00"),
// or seconds since 1970.
[[nodiscard]] std::optional<Instant> parse_instant(std::string_view text);

// An IPv4 or IPv6 address, or a block of them in CIDR form.
struct AddressBlock {
    std::array<std::uint8_t, 16> bytes = {};  // an IPv4 address: ::ffff:a.b.c.d
    int prefix_bits = 128;                    // of `bytes`

    [[nodiscard]] bool contains(AddressBlock const& other) const noexcept;
};
[[nodiscard]] std::optional<AddressBlock> parse_address_block(std::string_view text);

}  // namespace meridian::policy
