#include "deploy/property_table.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace meridian::deploy {
namespace {

using nlohmann::json;

constexpr std::string_view word_of(Form form) {
    switch (form) {
        case Form::kText:
            return "a text";
        case Form::kInteger:
            return "a whole number";
        case Form::kBoolean:
            return "true or false";
        case Form::kObject:
            return "an object";
        case Form::kList:
            return "a list";
        case Form::kAny:
            break;
    }
    return "a value";
}

json to_integer(json const& value) {
    if (value.is_number_integer()) return value;
    if (value.is_number_float()) {
        auto const number = value.get<double>();
        auto const whole = static_cast<std::int64_t>(number);
        return static_cast<double>(whole) == number ? json(whole) : json();
    }
    if (!value.is_string()) return nullptr;
    auto const& text = value.get_ref<std::string const&>();
    std::int64_t number = 0;
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc{} && end == text.data() + text.size() && !text.empty() ? json(number)
                                                                                     : json();
}

json to_boolean(json const& value) {
    if (value.is_boolean()) return value;
    if (value == "true") return true;
    if (value == "false") return false;
    return nullptr;
}

json to_form(Form form, json const& value) {
    switch (form) {
        case Form::kText:
            if (value.is_string()) return value;
            return value.is_number() || value.is_boolean() ? json(value.dump()) : json();
        case Form::kInteger:
            return to_integer(value);
        case Form::kBoolean:
            return to_boolean(value);
        case Form::kObject:
            return value.is_object() ? value : json();
        case Form::kList:
            return value.is_array() ? value : json();
        case Form::kAny:
            break;
    }
    return value;
}

}  // namespace

bool is_reference(json const& value) {
    if (!value.is_object() || value.size() != 1) return false;
    auto const& name = value.begin().key();
    return name == "Ref" || name.starts_with("Fn::");
}

bool is_resolved(json const& value) {
    if (is_reference(value)) return false;
    if (!value.is_structured()) return true;
    return std::ranges::all_of(value, [](json const& inner) { return is_resolved(inner); });
}

Result<json> coerce(Form form, json const& value, std::string_view what) {
    if (is_reference(value)) return value;
    auto out = to_form(form, value);
    if (out.is_null() && form != Form::kAny) {
        return fail(Errc::kInvalidParameterValue,
                    fmt::format("{} must be {}, not {}.", what, word_of(form), value.dump()));
    }
    return out;
}

Result<json> canonical(PropertyTable table, json const& given) {
    json out = json::object();
    for (auto const& [name, value] : given.items()) {
        auto const* const property = find_property(table, name);
        if (property == nullptr) {
            return fail(Errc::kInvalidParameterValue,
                        fmt::format("The property {} is not known here.", name));
        }
        if (value.is_null()) continue;
        MERIDIAN_TRY(out[name], coerce(property->form, value, name));
    }
    for (auto const& property : table) {
        std::string const name(property.name);
        if (out.contains(name)) continue;
        if (property.required) {
            return fail(Errc::kInvalidParameterValue,
                        fmt::format("The property {} is missing.", name));
        }
        if (auto value = default_of(property); !value.is_null()) out[name] = std::move(value);
    }
    return out;
}

Property const* find_property(PropertyTable table, std::string_view name) {
    auto const found = std::ranges::find(table, name, &Property::name);
    return found == table.end() ? nullptr : &*found;
}

json default_of(Property const& property) {
    return property.default_value.empty() ? json() : json::parse(property.default_value);
}

}  // namespace meridian::deploy
