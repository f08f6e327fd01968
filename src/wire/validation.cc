#include "wire/validation.h"

#include <algorithm>
#include <optional>
#include <vector>

#include <fmt/format.h>

#include "model/limits.h"
#include "wire/pattern.h"
#include "wire/utf8.h"

namespace meridian::wire {
namespace {

using nlohmann::json;

// Where the service is stricter than its model (whose numbers are for Managed Instances and durable
// functions too), and where it leaves a constraint to a later check with another error
// (service_rules.h).
struct Exception {
    std::string_view shape;
    std::optional<double> max;
    std::string_view any_value_at;  // the member whose set of values is checked later
};
constexpr Exception kExceptions[] = {
    {"Timeout", model::limits::kTimeoutSecondsMax, {}},
    {"MemorySize", model::limits::kMemoryMbMax, {}},
    {"Runtime", std::nullopt, "Runtime"},
};

// Where the service prints a set of values in another order than its model (recorded).
struct Order {
    std::string_view shape;
    std::string_view values;
};
constexpr Order kOrders[] = {
    {"InvokeMode", "RESPONSE_STREAM, BUFFERED"},
    {"EventSourcePosition", "LATEST, AT_TIMESTAMP, TRIM_HORIZON"},
    {"RecursiveLoop", "Terminate, Allow"},
};

// How the service says that a list's element is none of the set, where that is not as elsewhere
// (recorded): alone, or as all that the element must be.
enum class ElementText { kUsual, kAlone, kWithoutNull };
constexpr ElementText element_text(std::string_view list) {
    if (list == "CompatibleRuntimes") return ElementText::kAlone;
    if (list == "CompatibleArchitectures") return ElementText::kWithoutNull;
    return ElementText::kUsual;
}

std::string printed_values(Shape const& shape) {
    for (auto const& order : kOrders) {
        if (order.shape == shape.name) return std::string(order.values);
    }
    return fmt::format("{}", fmt::join(enum_values(shape), ", "));
}

Exception const* exception_for(Shape const& shape) {
    for (auto const& exception : kExceptions) {
        if (exception.shape == shape.name) return &exception;
    }
    return nullptr;
}

bool is_number(Shape const& shape) {
    return shape.kind == ShapeKind::kInteger || shape.kind == ShapeKind::kLong ||
           shape.kind == ShapeKind::kDouble;
}

// "64", and "1.0" for doubles, as Java prints them.
std::string limit_text(Shape const& shape, double limit) {
    if (shape.kind == ShapeKind::kDouble) {
        auto text = fmt::format("{}", limit);
        if (text.find_first_of(".e") == std::string::npos) text += ".0";
        return text;
    }
    return fmt::format("{:.0f}", limit);
}

std::string joined(std::vector<std::string> const& parts) {
    return fmt::format("{}", fmt::join(parts, ", "));
}

// A value as Java's toString() shows it: [a, b], {k=v}.
void append_shown(std::string& out, json const& value) {
    if (out.size() > kQuotedValueBytesMax) return;
    if (value.is_string()) {
        out += utf8_prefix(value.get_ref<std::string const&>(), kQuotedValueBytesMax);
    } else if (value.is_array()) {
        out.push_back('[');
        bool first = true;
        for (auto const& element : value) {
            if (!first) out += ", ";
            first = false;
            append_shown(out, element);
        }
        out.push_back(']');
    } else if (value.is_object()) {
        out.push_back('{');
        bool first = true;
        for (auto const& [key, element] : value.items()) {
            if (!first) out += ", ";
            first = false;
            out.append(key).push_back('=');
            append_shown(out, element);
        }
        out.push_back('}');
    } else {
        out += value.dump();
    }
}

// Where a value is, as a chain up the stack: text is made only for what is broken.
struct Place {
    Place const* parent;
    std::string_view name;   // of a member, "FunctionName"; or of a map's key
    std::size_t number = 0;  // of a list's element, from 1; 0 for the others
    bool is_element = false;

    [[nodiscard]] std::string text() const {
        std::string out;
        if (parent != nullptr) out = parent->text() + ".";
        if (is_element) {
            out += number != 0 ? std::to_string(number) : std::string(utf8_prefix(name, 128));
            return out + ".member";
        }
        std::size_t const start = out.size();
        out += name;
        if (out[start] >= 'A' && out[start] <= 'Z')
            out[start] = static_cast<char>(out[start] - 'A' + 'a');
        return out;
    }
};

class Validation {
  public:
    explicit Validation(GivenValues given) : given_(given) {}

    void structure(Shape const& shape_of, json const& value, Place const* parent) {
        for (auto const& member : members(shape_of)) {
            if (member.location == Location::kPayload) continue;
            auto const found = value.find(member.name);
            Place const place{parent, member.name};
            if (found == value.end()) {
                if (member.required) add(null_at(place), "Member must not be null");
            } else {
                any(shape(member.shape), *found, place);
            }
            if (is_full()) return;
        }
    }

    Result<void> result() const {
        if (details_.empty()) return {};
        return fail(Errc::kValidation,
                    fmt::format("{} validation error{} detected: {}", details_.size(),
                                details_.size() == 1 ? "" : "s", fmt::join(details_, "; ")));
    }

  private:
    bool is_full() const { return details_.size() >= kValidationDetailsMax; }

    void add(std::string const& value_at, std::string_view constraint) {
        if (is_full()) return;
        // Recorded: said first, in an older model's order of members.
        bool const first = value_at.ends_with(" at 'compatibleRuntimes'");
        details_.insert(first ? details_.begin() : details_.end(),
                        value_at + " failed to satisfy constraint: " + std::string(constraint));
    }

    enum class Quote { kYes, kNo };

    std::string null_at(Place const& place) const {
        return fmt::format("Value {}at '{}'", given_ == GivenValues::kShown ? "null " : "",
                           place.text());
    }

    std::string value_at(Quote quote, json const& value, Place const& place) const {
        if (quote == Quote::kNo || given_ == GivenValues::kWithheld)
            return "Value at '" + place.text() + "'";
        std::string shown;
        append_shown(shown, value);
        return "Value '" + std::string(utf8_prefix(shown, kQuotedValueBytesMax)) + "' at '" +
               place.text() + "'";
    }

    void any(Shape const& shape_of, json const& value, Place const& place) {
        for (auto const& constraint : broken(shape_of, value, place.name)) {
            add(value_at(shape_of.sensitive ? Quote::kNo : Quote::kYes, value, place), constraint);
        }
        if (shape_of.kind == ShapeKind::kStructure) structure(shape_of, value, &place);
        if (shape_of.kind == ShapeKind::kList) list(shape_of, value, place);
        if (shape_of.kind == ShapeKind::kMap) map(shape_of, value, place);
    }

    void list(Shape const& shape_of, json const& value, Place const& place) {
        auto const& element_shape = shape(shape_of.element);
        if (element_shape.kind == ShapeKind::kStructure) {
            std::size_t number = 0;
            for (auto const& element : value) {
                Place const here{&place, {}, ++number, true};
                if (element.is_null()) {
                    add(null_at(here), "Member must not be null");
                } else {
                    structure(element_shape, element, &here);
                }
                if (is_full()) return;
            }
            return;
        }
        bool const any_broken = std::ranges::any_of(value, [&](json const& element) {
            return element.is_null() || !broken(element_shape, element).empty();
        });
        if (any_broken) {
            bool const secret = shape_of.sensitive || element_shape.sensitive;
            add(value_at(secret ? Quote::kNo : Quote::kYes, value, place),
                element_constraint(shape_of, element_shape));
        }
    }

    static std::string element_constraint(Shape const& list, Shape const& element) {
        auto const how = element_text(list.name);
        if (how == ElementText::kAlone) return enum_constraint(element);
        return "Member must satisfy constraint: [" +
               (how == ElementText::kWithoutNull ? enum_constraint(element)
                                                 : constraints_text(element)) +
               "]";
    }

    void map(Shape const& shape_of, json const& value, Place const& place) {
        auto const& key_shape = shape(shape_of.key);
        auto const& element_shape = shape(shape_of.element);
        bool keys_broken = false;
        bool values_broken = false;
        for (auto const& [key, element] : value.items()) {
            keys_broken = keys_broken || !broken(key_shape, json(key)).empty();
            if (element.is_null()) {
                values_broken = true;
            } else if (element_shape.kind == ShapeKind::kStructure) {
                Place const here{&place, key, 0, true};
                structure(element_shape, element, &here);
            } else {
                values_broken = values_broken || !broken(element_shape, element).empty();
            }
            if (is_full()) return;
        }
        bool const secret = shape_of.sensitive || key_shape.sensitive || element_shape.sensitive;
        auto const quote = secret ? Quote::kNo : Quote::kYes;
        if (values_broken) {
            add(value_at(quote, value, place),
                "Map value must satisfy constraint: [" + constraints_text(element_shape) + "]");
        }
        if (keys_broken) {
            add(value_at(quote, value, place),
                "Map keys must satisfy constraint: [" + constraints_text(key_shape) + "]");
        }
    }

    // Every constraint of a member shape, as messages list them.
    static std::string constraints_text(Shape const& shape_of) {
        std::vector<std::string> texts;
        char const* const what = is_number(shape_of) ? "value" : "length";
        if (shape_of.has_max) {
            texts.push_back(fmt::format("Member must have {} less than or equal to {}", what,
                                        limit_text(shape_of, shape_of.max)));
        }
        if (shape_of.has_min) {
            texts.push_back(fmt::format("Member must have {} greater than or equal to {}", what,
                                        limit_text(shape_of, shape_of.min)));
        }
        if (shape_of.pattern != 0) texts.push_back(pattern_constraint(shape_of));
        if (shape_of.enum_count != 0) texts.push_back(enum_constraint(shape_of));
        texts.emplace_back("Member must not be null");
        return joined(texts);
    }

    static std::string pattern_constraint(Shape const& shape_of) {
        return "Member must satisfy regular expression pattern: " +
               std::string(pattern_text(shape_of.pattern));
    }

    static std::string enum_constraint(Shape const& shape_of) {
        return fmt::format("Member must satisfy enum value set: [{}]", printed_values(shape_of));
    }

    // Which constraints of the shape itself `value` breaks.
    static std::vector<std::string> broken(Shape const& shape_of, json const& value,
                                           std::string_view member = {}) {
        std::vector<std::string> texts;
        auto const* const exception = exception_for(shape_of);
        bool const has_max = shape_of.has_max || (exception != nullptr && exception->max);
        double const max = exception != nullptr && exception->max ? *exception->max : shape_of.max;
        if (shape_of.kind == ShapeKind::kString && value.is_string()) {
            auto const& text = value.get_ref<std::string const&>();
            bool const enum_is_free =
                exception != nullptr && !member.empty() && exception->any_value_at == member;
            if (shape_of.enum_count != 0 && !enum_is_free &&
                std::ranges::find(enum_values(shape_of), text) == enum_values(shape_of).end()) {
                texts.push_back(enum_constraint(shape_of));
            }
            // A value that is over its length is not also matched: the work stays bounded by the
            // model.
            bool const too_long = has_max && utf8_length(text) > max;
            if (shape_of.pattern != 0 && !too_long && !matches_pattern(shape_of.pattern, text)) {
                texts.push_back(pattern_constraint(shape_of));
            }
        }
        bool const measured = is_number(shape_of);
        if (!has_max && !shape_of.has_min) return texts;
        double const size = measured ? value.get<double>() : length_of(shape_of, value);
        char const* const what = measured ? "value" : "length";
        if (has_max && size > max) {
            texts.push_back(fmt::format("Member must have {} less than or equal to {}", what,
                                        limit_text(shape_of, max)));
        }
        if (shape_of.has_min && size < shape_of.min) {
            texts.push_back(fmt::format("Member must have {} greater than or equal to {}", what,
                                        limit_text(shape_of, shape_of.min)));
        }
        return texts;
    }

    static double length_of(Shape const& shape_of, json const& value) {
        if (value.is_string()) {
            auto const& text = value.get_ref<std::string const&>();
            if (shape_of.kind != ShapeKind::kBlob) return static_cast<double>(utf8_length(text));
            std::size_t const padding = text.ends_with("==") ? 2 : text.ends_with("=") ? 1 : 0;
            std::size_t const bytes = text.size() / 4 * 3;
            return static_cast<double>(bytes - std::min(bytes, padding));
        }
        return static_cast<double>(value.size());
    }

    GivenValues const given_;
    std::vector<std::string> details_;
};

}  // namespace

Result<void> validate(ShapeId structure, nlohmann::json const& input, GivenValues given) {
    if (structure == 0) return {};
    Validation validation(given);
    validation.structure(shape(structure), input, nullptr);
    return validation.result();
}

}  // namespace meridian::wire
