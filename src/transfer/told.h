#pragma once
// What an answer tells: the thing, that there is none of it, or nothing at all. Lists are read to
// their end.
//
// Threads: the caller's executor. Errors of the coroutines: those of AwsApi (nobody there); what
// the other side answers is a value.

#include <string>

#include <nlohmann/json.hpp>

#include "deploy/aws_api.h"

namespace meridian::transfer {

struct Told {
    enum class Kind {
        kPresent,
        kAbsent,  // the other side says that there is none
        kUntold,  // not permitted, not implemented, failing
    };
    Kind kind = Kind::kPresent;
    nlohmann::json body = nullptr;
    std::string reason = {};  // of kUntold: "AccessDeniedException (403): …"

    [[nodiscard]] bool present() const noexcept { return kind == Kind::kPresent; }
    [[nodiscard]] bool untold() const noexcept { return kind == Kind::kUntold; }
};

[[nodiscard]] Told told(deploy::AwsAnswer answer);
// "ResourceNotFoundException (404): Function not found"
[[nodiscard]] std::string error_text(deploy::AwsAnswer const& answer);

// GET of Lambda's API.
io::Task<Told> ask(deploy::AwsApi& api, std::string target);
// Every page of a listing: `body` is one array of all items.
io::Task<Told> ask_list(deploy::AwsApi& api, std::string target, std::string member);
io::Task<Told> ask_iam(deploy::AwsApi& api, std::string action, nlohmann::json parameters);
io::Task<Told> ask_iam_list(deploy::AwsApi& api, std::string action, nlohmann::json parameters,
                            std::string member);

// The date in the path of most of a function's operations.
inline constexpr std::string_view kFunctionsDate = "2015-03-31";
// "?Qualifier=…", or nothing for $LATEST.
[[nodiscard]] std::string qualifier_query(std::string const& qualifier);
// "/2015-03-31/functions/NAME" and the like: `date` and what comes after the name.
[[nodiscard]] std::string function_path(std::string_view date, std::string const& name,
                                        std::string_view rest);

}  // namespace meridian::transfer
