#include "wire/api_model.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/assert.h"
#include "wire/uri.h"
#include "wire/utf8.h"

namespace meridian::wire {
namespace {

struct ServiceFacts {
    std::string_view signing_name;
    std::string_view api_version;
    std::string_view xml_namespace;
};

#include "wire/api_tables.inc"

constexpr std::size_t kPathSegmentsMax = std::size(kRouteStarts) - 1;

// "/a/b/" is a, b. Nothing for a path with more segments than any route has.
struct Segments {
    std::array<std::string_view, kPathSegmentsMax> at;
    std::size_t count = 0;
};

std::optional<Segments> split_path(std::string_view path) {
    if (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
    if (!path.starts_with('/')) return std::nullopt;
    path.remove_prefix(1);
    Segments segments;
    while (true) {
        if (segments.count + 1 == kPathSegmentsMax) return std::nullopt;
        auto const slash = path.find('/');
        segments.at[segments.count++] = path.substr(0, slash);
        if (slash == std::string_view::npos) return segments;
        path.remove_prefix(slash + 1);
    }
}

bool has_literal(std::string_view query, std::string_view literal) {
    while (!query.empty()) {
        auto const end = query.find('&');
        if (query.substr(0, end) == literal) return true;
        if (end == std::string_view::npos) return false;
        query.remove_prefix(end + 1);
    }
    return false;
}

// Whether `path` of the operation has these segments; fills the labels.
bool matches(Operation const& operation, Segments const& segments, RouteMatch& match) {
    match.label_count = 0;
    std::string_view path = operation.path.substr(1);
    for (std::size_t i = 0; i < segments.count; ++i) {
        auto const slash = path.find('/');
        auto const part = path.substr(0, slash);
        if (part.starts_with('{')) {
            if (segments.at[i].empty()) return false;
            match.labels[match.label_count++] = {part.substr(1, part.size() - 2), segments.at[i]};
        } else if (part != segments.at[i]) {
            return false;
        }
        path.remove_prefix(std::min(part.size() + 1, path.size()));
    }
    match.operation = &operation;
    return true;
}

}  // namespace

std::string_view signing_name(Service service) noexcept {
    return kServices[static_cast<std::size_t>(service)].signing_name;
}

std::optional<Service> service_of_signing_name(std::string_view name) noexcept {
    for (std::size_t i = 0; i < std::size(kServices); ++i) {
        if (kServices[i].signing_name == name) return static_cast<Service>(i);
    }
    return std::nullopt;
}

std::string_view api_version(Service service) noexcept {
    return kServices[static_cast<std::size_t>(service)].api_version;
}

std::string_view xml_namespace(Service service) noexcept {
    return kServices[static_cast<std::size_t>(service)].xml_namespace;
}

Shape const& shape(ShapeId id) noexcept {
    MERIDIAN_ASSERT(id < std::size(kShapes));
    return kShapes[id];
}

Shape const* find_shape(Service service, std::string_view name) noexcept {
    auto const at = static_cast<std::size_t>(service);
    for (std::size_t id = kShapeStarts[at]; id < kShapeStarts[at + 1]; ++id) {
        if (kShapes[id].name == name) return &kShapes[id];
    }
    return nullptr;
}

std::span<Member const> members(Shape const& structure) noexcept {
    return std::span(kMembers).subspan(structure.member_first, structure.member_count);
}

std::span<std::string_view const> enum_values(Shape const& string) noexcept {
    return std::span(kEnumValues).subspan(string.enum_first, string.enum_count);
}

Operation const& operation(OperationId id) noexcept {
    return kOperations[static_cast<std::size_t>(id)];
}

std::span<Operation const> operations() noexcept { return kOperations; }

Result<RouteMatch> find_route(std::string_view method, std::string_view path,
                              std::string_view query) {
    if (auto const segments = split_path(path)) {
        // Routes with a literal query parameter stand before their siblings without one.
        RouteMatch match;
        for (std::size_t i = kRouteStarts[segments->count]; i < kRouteStarts[segments->count + 1];
             ++i) {
            Operation const& candidate = kOperations[kRoutes[i]];
            if (candidate.method != method || !matches(candidate, *segments, match)) continue;
            if (candidate.query.empty() || has_literal(query, candidate.query)) return match;
        }
    }
    return fail(Errc::kUnknownOperation, fmt::format("There is no operation at {} {}",
                                                     to_valid_utf8(utf8_prefix(method, 32)),
                                                     to_valid_utf8(utf8_prefix(path, 256))));
}

Operation const* find_action(Service service, std::string_view action) noexcept {
    auto const found = std::ranges::find_if(kOperations, [&](Operation const& candidate) {
        return candidate.service == service && candidate.name == action;
    });
    return found == std::end(kOperations) ? nullptr : found;
}

std::span<ErrorShape const> error_shapes() noexcept { return kErrorShapes; }

std::span<PatternText const> patterns() noexcept { return kPatterns; }

}  // namespace meridian::wire
