// ListFunctions and ListVersionsByFunction.

#include <algorithm>

#include "control/control_plane.h"
#include "model/limits.h"
#include "wire/page_marker.h"

namespace meridian::control {

namespace {

constexpr std::string_view kFunctions = "functions";
constexpr std::string_view kVersions = "versions";

}  // namespace

io::Task<FunctionPage> ControlPlane::list_functions(Requester who, ListFunctionsRequest request) {
    MERIDIAN_CO_TRY(auto position, wire::read_marker(kFunctions, request.marker));
    auto const size = wire::page_size(request.max_items, model::limits::kListPageMax);
    FunctionPage page;
    // One item more than fits tells whether there is another page; `last` is the position of the
    // last that fits.
    wire::PagePosition last = position;
    auto const add = [&](FunctionView view, std::uint64_t number) {
        if (page.functions.size() == size) {
            page.next_marker = wire::encode_marker(kFunctions, last);
            return false;
        }
        last = {view.version.name.value(), number};
        page.functions.push_back(std::move(view));
        return true;
    };
    auto const add_versions = [&](std::vector<StoredVersion> const& versions) {
        return std::ranges::all_of(
            versions, [&](StoredVersion const& v) { return add(view_of(v), v.number); });
    };

    if (request.all_versions && !position.after_name.empty()) {
        // The page before ended within this function.
        MERIDIAN_CO_TRY(auto rest, co_await table_.versions(
                                       who.account, model::FunctionName(position.after_name),
                                       position.after_version, size + 1));
        if (!add_versions(rest)) co_return page;
    }
    std::string after = position.after_name;
    for (;;) {
        auto const wanted = size + 1;
        MERIDIAN_CO_TRY(auto functions, co_await table_.page(who.account, after, wanted));
        for (auto const& stored : functions) {
            after = stored.function.name.value();
            if (!add(view_of(stored, request.all_versions), 0)) co_return page;
            if (!request.all_versions) continue;
            MERIDIAN_CO_TRY(auto versions,
                            co_await table_.versions(who.account, stored.function.name, 0, wanted));
            if (!add_versions(versions)) co_return page;
        }
        if (functions.size() < wanted) co_return page;
    }
}

io::Task<FunctionPage> ControlPlane::list_versions_by_function(Requester who,
                                                               ListVersionsRequest request) {
    MERIDIAN_CO_TRY(auto position, wire::read_marker(kVersions, request.marker));
    MERIDIAN_CO_TRY(auto stored, co_await load(who.account, request.name));
    auto const size = wire::page_size(request.max_items, model::limits::kListPageMax);
    FunctionPage page;
    // The first page starts with $LATEST.
    if (request.marker.empty()) page.functions.push_back(view_of(stored, true));
    auto const room = size - page.functions.size();
    MERIDIAN_CO_TRY(auto versions, co_await table_.versions(who.account, request.name,
                                                            position.after_version, room + 1));
    for (auto const& version : versions) {
        if (page.functions.size() == size) {
            auto const& last = page.functions.back().version.version.version;
            page.next_marker = wire::encode_marker(
                kVersions, {request.name.value(), version_number(last.value()).value_or(0)});
            break;
        }
        page.functions.push_back(view_of(version));
    }
    co_return page;
}

}  // namespace meridian::control
