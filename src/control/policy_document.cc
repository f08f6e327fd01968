#include "control/policy_document.h"

#include <algorithm>

#include <fmt/format.h>

#include "model/limits.h"

namespace meridian::control {

using nlohmann::ordered_json;

ordered_json empty_policy() {
    return {{"Version", "2012-10-17"}, {"Id", "default"}, {"Statement", ordered_json::array()}};
}

ordered_json::iterator statement_of(ordered_json& document, std::string const& id) {
    return std::ranges::find_if(document["Statement"],
                                [&](auto const& statement) { return statement["Sid"] == id; });
}

Result<void> add_statement(ordered_json& document, ordered_json statement) {
    auto const id = statement["Sid"].get<std::string>();
    if (statement_of(document, id) != document["Statement"].end()) {
        return fail(Errc::kResourceConflict,
                    fmt::format("The statement id ({}) provided already exists. Please provide a "
                                "new statement id, or remove the existing statement.",
                                id));
    }
    document["Statement"].push_back(std::move(statement));
    auto const size = document.dump().size();
    if (size > model::limits::kResourcePolicyBytesMax) {
        return fail(Errc::kPolicyLengthExceeded,
                    fmt::format("The final policy size ({}) is bigger than the limit ({}).", size,
                                model::limits::kResourcePolicyBytesMax));
    }
    return {};
}

}  // namespace meridian::control
