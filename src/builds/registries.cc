#include "builds/registries.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace meridian::builds {
namespace {

using boost::asio::ip::address;
using boost::asio::ip::address_v4;
using boost::asio::ip::address_v6;
using io::ConnectTarget;

constexpr std::array kPublicRegistries = {
    "pypi.org",       "files.pythonhosted.org", "registry.npmjs.org", "proxy.golang.org",
    "sum.golang.org", "index.crates.io",        "static.crates.io"};
constexpr int kAddressBits = 32;

struct Block {
    std::uint32_t network;
    int bits;
};
// RFC 6890: "this" network, private use, shared address space, loopback, link local, private use,
// IETF protocol assignments, private use, benchmarking, multicast, reserved and broadcast.
constexpr std::array kNotPublic = {
    Block{0x00000000, 8},  Block{0x0a000000, 8},  Block{0x64400000, 10}, Block{0x7f000000, 8},
    Block{0xa9fe0000, 16}, Block{0xac100000, 12}, Block{0xc0000000, 24}, Block{0xc0a80000, 16},
    Block{0xc6120000, 15}, Block{0xe0000000, 4},  Block{0xf0000000, 4}};

bool is_public_v4(address_v4 const& given) {
    auto const value = given.to_uint();
    for (auto const& block : kNotPublic) {
        if ((value ^ block.network) >> (kAddressBits - block.bits) == 0) return false;
    }
    return true;
}

address_v4 embedded(address_v6::bytes_type const& bytes, std::size_t at) {
    return address_v4({bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]});
}

bool is_public_v6(address_v6 const& given) {
    auto const bytes = given.to_bytes();
    if (given.is_v4_mapped()) return is_public_v4(embedded(bytes, 12));
    // NAT64 (64:ff9b::/96) and 6to4 (2002::/16) lead to an IPv4 address, too.
    constexpr std::array<unsigned char, 12> kNat64{0x00, 0x64, 0xff, 0x9b};
    if (std::equal(kNat64.begin(), kNat64.end(), bytes.begin()))
        return is_public_v4(embedded(bytes, 12));
    if (bytes[0] == 0x20 && bytes[1] == 0x02) return is_public_v4(embedded(bytes, 2));
    // Global unicast is 2000::/3; loopback, unique local, link local and multicast are not in it.
    constexpr unsigned kGlobalMask = 0xe0;
    constexpr unsigned kGlobal = 0x20;
    return (bytes[0] & kGlobalMask) == kGlobal;
}

Result<ConnectTarget> parse_registry(std::string_view name) {
    auto const colon = name.rfind(':');
    bool const with_port = colon != name.npos && !name.ends_with(']');
    auto target = io::parse_authority(with_port ? std::string(name)
                                                : fmt::format("{}:{}", name, kRegistryPort));
    if (target) return target;
    return fail(Errc::kInvalidParameterValue,
                fmt::format("'{}' is no registry such as pypi.org or mirror.example:8443: {}", name,
                            target.error().message));
}

}  // namespace

bool is_public(address const& given) {
    return given.is_v4() ? is_public_v4(given.to_v4()) : is_public_v6(given.to_v6());
}

Result<void> Registries::add(std::string_view name) {
    if (name == "public") {
        for (auto const* const host : kPublicRegistries) named_.insert({host, kRegistryPort});
        return {};
    }
    MERIDIAN_TRY(auto target, parse_registry(name));
    named_.insert(std::move(target));
    return {};
}

Result<void> Registries::add_private(std::string_view name) {
    MERIDIAN_TRY(auto target, parse_registry(name));
    named_.insert(target);
    private_.insert(std::move(target));
    return {};
}

bool Registries::is_named(ConnectTarget const& target) const { return named_.contains(target); }

bool Registries::is_allowed(ConnectTarget const& target, address const& at) const {
    return is_named(target) && (is_public(at) || private_.contains(target));
}

}  // namespace meridian::builds
