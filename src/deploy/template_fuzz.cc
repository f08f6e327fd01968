// Any text as a template. What becomes a stack is whole: each resource comes after what it depends
// on, names only resources that are there, and resolves once these are known. What does not says
// where.

#include <cstdlib>
#include <set>
#include <string>
#include <string_view>

#include "deploy/template.h"

namespace {

using namespace meridian;
using namespace meridian::deploy;

void require(bool holds) {
    if (!holds) std::abort();
}

// "f:LINE:COLUMN: text".
bool says_where(Error const& error) {
    std::string_view rest = error.message;
    if (error.code != Errc::kInvalidParameterValue || !rest.starts_with("f:")) return false;
    for (int part = 0; part < 2; ++part) {
        rest.remove_prefix(rest.find(':') + 1);
        if (rest.empty() || rest[0] < '1' || rest[0] > '9') return false;
    }
    return rest.find(": ") != std::string_view::npos;
}

void check(Stack const& stack) {
    KnownAttributes known;
    for (auto const& resource : stack.resources) {
        for (auto const& id : resource.depends_on) require(known.contains(id));
        // With references, a Select may still find that its list is too short.
        require(resolve(resource.properties, known).has_value() || !resource.depends_on.empty());
        known[resource.logical_id] = {.ref = "ref",
                                      .attributes = {{"Arn", "a"},
                                                     {"RoleId", "a"},
                                                     {"PolicyArn", "a"},
                                                     {"PolicyId", "a"},
                                                     {"FunctionArn", "a"},
                                                     {"FunctionUrl", "a"},
                                                     {"Version", "1"},
                                                     {"AliasArn", "a"},
                                                     {"LayerVersionArn", "a"},
                                                     {"EventSourceMappingArn", "a"},
                                                     {"Id", "a"}}};
    }
    for (auto const& shift : stack.shifts) require(known.contains(shift.alias));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(unsigned char const* data, std::size_t size) {
    std::string_view const text(reinterpret_cast<char const*>(data), size);
    auto const parsed = Template::parse("f", text);
    if (!parsed) {
        require(says_where(parsed.error()));
        return 0;
    }
    StackInputs inputs{.stack_name = "s", .region = "us-east-1", .account = "123456789012"};
    for (auto const& parameter : parsed->parameters()) {
        if (!parameter.default_value) inputs.parameters[parameter.name] = "1";
    }
    for (bool const ignore : {false, true}) {
        inputs.ignore_foreign = ignore;
        auto const stack = expand(*parsed, inputs);
        if (stack) {
            check(*stack);
        } else {
            require(says_where(stack.error()));
        }
    }
    return 0;
}
