#include "deploy/stack.h"

#include <fmt/format.h>

#include "deploy/template_values.h"

namespace meridian::deploy {

std::string describe(SourceMark const& mark) {
    return fmt::format("{}:{}:{}", mark.file, mark.line, mark.column);
}

Result<nlohmann::json> resolve(nlohmann::json const& value, KnownAttributes const& known) {
    Evaluator evaluator({
        .language_extensions = true,
        .resource = [&](std::string const& id, std::optional<std::string> attribute,
                        Mark mark) -> Result<Node> {
            auto const found = known.find(id);
            if (found == known.end())
                return fail_at(mark, fmt::format("the resource {} is not known yet", id));
            if (!attribute) return from_json(found->second.ref);
            auto const member = found->second.attributes.find(*attribute);
            if (member == found->second.attributes.end())
                return fail_at(mark, fmt::format("{}.{} is not known", id, *attribute));
            return from_json(member->second);
        },
    });
    MERIDIAN_TRY(auto const out, evaluator.evaluate(from_json(value)));
    return out ? to_json(*out) : nlohmann::json(nullptr);
}

}  // namespace meridian::deploy
