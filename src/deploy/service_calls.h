#pragma once
// Calls of one region's services with what every caller needs: what the service cannot do just now
// is tried again, a bounded number of times, and what it refuses becomes an Error that names the
// call.
//
// Threads: the owner's executor. `api` outlives it.

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "deploy/aws_api.h"

namespace meridian::deploy {

// The seam for waiting: io::sleep_for, or a fake clock's.
using Pause = std::function<io::Task<>(std::chrono::milliseconds)>;

// "CreateFunction: ResourceConflictException: …", with a code that fits.
[[nodiscard]] Error error_of(std::string_view call, AwsAnswer const& answer);

// Whether the same call may succeed later: throttles, 5xx, a function that is being changed, a
// role that Lambda does not know yet.
[[nodiscard]] bool is_transient(AwsAnswer const& answer);

class ServiceCalls {
  public:
    ServiceCalls(AwsApi& api, Pause pause) : api_(api), pause_(std::move(pause)) {}

    [[nodiscard]] AwsApi& api() const noexcept { return api_; }
    [[nodiscard]] std::string const& region() const noexcept { return api_.region(); }

    // Lambda. `name` is the operation's, for messages.
    io::Task<nlohmann::json> lambda(std::string name, std::string method, std::string target,
                                    nlohmann::json body = nullptr);
    // The same, or nothing where there is no such resource.
    io::Task<std::optional<nlohmann::json>> find(std::string name, std::string target);
    // Removes; no such resource is as good.
    io::Task<> remove(std::string name, std::string target);

    io::Task<nlohmann::json> iam(std::string action, nlohmann::json parameters);
    io::Task<std::optional<nlohmann::json>> find_iam(std::string action, nlohmann::json parameters);
    // All members of a list that comes in pages.
    io::Task<nlohmann::json> list_iam(std::string action, std::string member,
                                      nlohmann::json parameters);
    io::Task<> remove_iam(std::string action, nlohmann::json parameters);

    // Lambda's waiters (function_active_v2, function_updated_v2): until State is Active and
    // LastUpdateStatus Successful. Errors: kResourceConflict with the reason where either Failed,
    // kDeadlineExceeded.
    io::Task<> wait_until_ready(std::string function, std::string qualifier = {});
    io::Task<> pause(std::chrono::milliseconds time) { return pause_(time); }

  private:
    io::Task<AwsAnswer> ask(std::string name, std::string method, std::string target,
                            nlohmann::json body);
    io::Task<AwsAnswer> ask_iam(std::string action, nlohmann::json parameters);

    AwsApi& api_;
    Pause pause_;
};

// "/2015-03-31/functions/NAME" + `rest`, encoded.
[[nodiscard]] std::string function_path(std::string_view function, std::string_view rest = {},
                                        std::string_view version = "2015-03-31");
// "?Qualifier=Q"; nothing for none.
[[nodiscard]] std::string qualifier_query(std::string_view qualifier);

// Of an ARN, a partial one or a name: "hello" and "live" of "arn:…:function:hello:live".
struct FunctionReference {
    std::string name;
    std::string qualifier = {};
};
[[nodiscard]] FunctionReference function_reference(std::string_view text);
// "hello:live" of whatever names that function; what is no text (a reference) stays as it is.
[[nodiscard]] nlohmann::json short_function_name(nlohmann::json const& name);

}  // namespace meridian::deploy
