// A runtime is the function's own code: whatever it sends gets an answer and breaks nothing.
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include "base/assert.h"
#include "runtime_api/runtime_api.h"

namespace {

using namespace meridian;
using namespace meridian::runtime_api;

class AnyHost final : public RuntimeHost {
  public:
    asio::awaitable<Answer<Result<InvocationEvent>>> next() override {
        co_return Result<InvocationEvent>(InvocationEvent{});
    }
    Answer<void> respond(std::string_view id, std::string_view, std::string) override {
        return judge(id);
    }
    Answer<void> respond_too_large(std::string_view id, std::string_view) override {
        return judge(id);
    }
    Answer<void> fail_invocation(std::string_view id, std::string_view, ReportedError) override {
        return judge(id);
    }
    Answer<void> fail_init(ReportedError) override { return {}; }
    std::string_view state_name() const override { return "Ready"; }

  private:
    static Answer<void> judge(std::string_view id) {
        if (id.empty()) return std::unexpected(Refusal::kInvalidRequestId);
        return {};
    }
};

}  // namespace

// The first line is the method and target, the lines up to an empty one are headers, the rest is
// the body.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string_view text(reinterpret_cast<char const*>(data), size);
    auto const line = [&text] {
        auto const end = text.find('\n');
        auto const found = text.substr(0, end);
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        return std::string(found);
    };
    HttpRequest request;
    auto const first = line();
    auto const space = first.find(' ');
    request.method = first.substr(0, space);
    request.target = space == std::string::npos ? "/" : first.substr(space + 1);
    for (auto header = line(); !header.empty(); header = line()) {
        auto const colon = header.find(':');
        request.headers.add(header.substr(0, colon),
                            colon == std::string::npos ? "" : header.substr(colon + 1));
    }
    request.body = std::string(text);
    (void)body_bytes_max(request);
    AnyHost host;
    boost::asio::io_context context;
    int status = 0;
    boost::asio::co_spawn(context, handle(host, std::move(request)),
                          [&](std::exception_ptr e, HttpResponse const& response) {
                              MERIDIAN_ASSERT(!e);
                              status = response.status;
                          });
    context.run();
    MERIDIAN_ASSERT(status >= 200 && status < 600);
    return 0;
}
