#pragma once
// Which hosts builds may reach: registries that the operator names, and no address of this machine
// or of a private network, unless the operator has said so of that very host.
//
// Pure; any thread.

#include <set>
#include <string>
#include <string_view>
#include <tuple>

#include <boost/asio/ip/address.hpp>

#include "base/result.h"
#include "io/connect_request.h"

namespace meridian::builds {

inline constexpr std::uint16_t kRegistryPort = 443;

class Registries {
  public:
    // "pypi.org", "mirror.example:8443"; "public" stands for those of PyPI, npm, Go and crates.io.
    // kInvalidParameterValue.
    Result<void> add(std::string_view name);
    // One whose addresses may be private: a company's mirror.
    Result<void> add_private(std::string_view name);

    [[nodiscard]] bool empty() const noexcept { return named_.empty(); }
    [[nodiscard]] bool is_named(io::ConnectTarget const& target) const;
    [[nodiscard]] bool is_allowed(io::ConnectTarget const& target,
                                  boost::asio::ip::address const& address) const;

  private:
    struct Less {
        bool operator()(io::ConnectTarget const& a, io::ConnectTarget const& b) const {
            return std::tie(a.host, a.port) < std::tie(b.host, b.port);
        }
    };
    std::set<io::ConnectTarget, Less> named_;
    std::set<io::ConnectTarget, Less> private_;
};

// Whether an address is one of the public internet: not this machine's, no neighbour's, no private
// network's, however it is written (RFC 6890; IPv4 inside IPv6).
[[nodiscard]] bool is_public(boost::asio::ip::address const& address);

}  // namespace meridian::builds
