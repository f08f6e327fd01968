#pragma once
// Templates in tests: text in, the stack out, for one region.

#include <string>
#include <string_view>
#include <utility>

#include "deploy/template.h"

namespace meridian::deploy {

inline StackInputs test_inputs() {
    return {.stack_name = "shop", .region = "us-east-1", .account = "123456789012"};
}

inline Result<Stack> expand_text(std::string_view text, StackInputs const& inputs = test_inputs()) {
    MERIDIAN_TRY(auto const parsed, Template::parse("t.yaml", text));
    return expand(parsed, inputs);
}

// The error's text, or what was made instead of one.
inline std::string error_of(std::string_view text, StackInputs const& inputs = test_inputs()) {
    auto const stack = expand_text(text, inputs);
    return stack ? "no error" : stack.error().message;
}

inline StackResource const* find_resource(Stack const& stack, std::string_view id) {
    for (auto const& resource : stack.resources) {
        if (resource.logical_id == id) return &resource;
    }
    return nullptr;
}

// Its properties; null if there is no such resource.
inline nlohmann::json properties_of(Stack const& stack, std::string_view id) {
    auto const* resource = find_resource(stack, id);
    return resource == nullptr ? nlohmann::json(nullptr) : resource->properties;
}

}  // namespace meridian::deploy
