#include "io/tls_roots.h"

#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/verify_mode.hpp>
#include <fmt/format.h>

namespace meridian::io {

namespace ssl = boost::asio::ssl;

TlsRoots::TlsRoots() : context_(std::make_unique<ssl::context>(ssl::context::tls_client)) {
    context_->set_options(ssl::context::default_workarounds | ssl::context::no_tlsv1 |
                          ssl::context::no_tlsv1_1);
    context_->set_verify_mode(ssl::verify_peer);
}
TlsRoots::~TlsRoots() = default;

Result<std::shared_ptr<TlsRoots>> TlsRoots::load(std::string const& ca_file) {
    std::shared_ptr<TlsRoots> roots(new TlsRoots);
    boost::system::error_code error;
    if (ca_file.empty()) {
        roots->context_->set_default_verify_paths(error);
    } else {
        roots->context_->load_verify_file(ca_file, error);
    }
    if (!error) return roots;
    return fail(Errc::kIo,
                fmt::format("cannot read the certificates {}: {}",
                            ca_file.empty() ? "of the system" : ca_file, error.message()));
}

}  // namespace meridian::io
