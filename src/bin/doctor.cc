#include "bin/doctor.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "invoke/runtime_bundle.h"

namespace meridian::bin {

std::string doctor(std::filesystem::path const& runtimes, bool json) {
    std::vector<std::string> problems;
    auto const bundles = invoke::RuntimeBundles::load(runtimes, problems);
    if (json) {
        return nlohmann::json{{"runtimes", bundles.names()}, {"problems", problems}}.dump(2) + "\n";
    }
    std::string out = fmt::format("runtimes in {}:\n", runtimes.string());
    for (auto const& name : bundles.names()) out += fmt::format("  {}\n", name);
    for (auto const& problem : problems) out += fmt::format("  broken: {}\n", problem);
    return out;
}

}  // namespace meridian::bin
