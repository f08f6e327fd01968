#include "bin/doctor.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "invoke/runtime_bundle.h"
#include "sandbox/host_facts.h"

namespace meridian::bin {
namespace {

nlohmann::json as_json(sandbox::HostFacts const& host) {
    nlohmann::json facilities = nlohmann::json::array();
    for (auto const& facility : host.facilities) {
        facilities.push_back({{"name", facility.name},
                              {"available", facility.available},
                              {"required", facility.required},
                              {"detail", facility.detail},
                              {"weaker", facility.weaker},
                              {"remedy", facility.remedy}});
    }
    return {{"kernel", host.kernel},
            {"root", host.root},
            {"usable", host.usable()},
            {"facilities", std::move(facilities)}};
}

std::string as_text(sandbox::HostFacts const& host) {
    std::string out = fmt::format("Linux {}, as {}\n\nsandbox:\n", host.kernel,
                                  host.root ? "root" : "an ordinary user");
    for (auto const& facility : host.facilities) {
        auto const* const mark = facility.available ? "ok  " : facility.required ? "NO  " : "weak";
        out += fmt::format("  {} {:<20} {}\n", mark, facility.name, facility.detail);
        if (!facility.weaker.empty())
            out += fmt::format("       without it: {}\n", facility.weaker);
        if (!facility.remedy.empty())
            out += fmt::format("       to get it:  {}\n", facility.remedy);
    }
    if (!host.usable()) out += "\nNo sandboxes can be made here: see the lines marked NO.\n";
    return out;
}

}  // namespace

std::string doctor(std::filesystem::path const& runtimes, bool json) {
    auto const host = sandbox::find_host_facts();
    std::vector<std::string> problems;
    auto const bundles = invoke::RuntimeBundles::load(runtimes, problems);
    if (json) {
        auto report = as_json(host);
        report["runtimes"] = bundles.names();
        report["broken_runtimes"] = problems;
        return report.dump(2) + "\n";
    }
    auto out = as_text(host);
    out += fmt::format("\nruntimes in {}:\n", runtimes.string());
    for (auto const& name : bundles.names()) out += fmt::format("  {}\n", name);
    if (bundles.names().empty()) out += "  none: meridian runtime build NAME\n";
    for (auto const& problem : problems) out += fmt::format("  broken: {}\n", problem);
    return out;
}

}  // namespace meridian::bin
