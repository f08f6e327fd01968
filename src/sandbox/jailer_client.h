#pragma once
// The production SandboxFactory: asks meridian-jailer for sandboxes over the socket that meridiand
// was started with, and then speaks to each sandbox's init directly. Built by main; outlives its
// sandboxes or not, as it likes.
//
// Threads: a client and its sandboxes belong to one executor; call there only.

#include <memory>
#include <vector>

#include <boost/asio/any_io_executor.hpp>

#include "sandbox/sandbox.h"

namespace meridian::sandbox {

class JailerConnection;

class JailerClient final : public SandboxFactory {
  public:
    // This process's end of the jailer's socket, from the environment variable that the jailer set;
    // the variable is then unset, so that no child takes it for its own. Errors: kUnavailable when
    // this process was not started by the jailer. Call once, before there are threads.
    [[nodiscard]] static Result<io::UniqueFd> take_peer_from_environment();

    // Errors: kUnavailable when the jailer is gone; kCorrupt when it is of another version.
    static io::Task<std::unique_ptr<JailerClient>> connect(boost::asio::any_io_executor executor,
                                                           io::UniqueFd peer);
    ~JailerClient() override;

    io::Task<std::unique_ptr<Sandbox>> create(SandboxSpec spec) override;
    [[nodiscard]] std::vector<Weakness> weaknesses() const override;
    // How many sandboxes there can be at once.
    [[nodiscard]] std::uint32_t slots() const;

  private:
    explicit JailerClient(std::shared_ptr<JailerConnection> connection);
    std::shared_ptr<JailerConnection> connection_;
};

}  // namespace meridian::sandbox
