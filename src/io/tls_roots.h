#pragma once
// Which authorities this process believes when it connects with TLS. Made once, when the process
// starts: it reads files. Shared freely afterwards.

#include <memory>
#include <string>

#include "base/result.h"

namespace boost::asio::ssl {
class context;
}

namespace meridian::io {

class TlsRoots {
  public:
    // Those of the system, or those in `ca_file` (PEM) alone. kIo where they cannot be read.
    [[nodiscard]] static Result<std::shared_ptr<TlsRoots>> load(std::string const& ca_file = {});
    ~TlsRoots();

    [[nodiscard]] boost::asio::ssl::context& context() const noexcept { return *context_; }

  private:
    TlsRoots();
    std::unique_ptr<boost::asio::ssl::context> context_;
};

}  // namespace meridian::io
