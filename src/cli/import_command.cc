#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/counted.h"
#include "cli/api_lanes.h"
#include "cli/count_line.h"
#include "cli/transfer_commands.h"
#include "transfer/folder.h"
#include "transfer/import_plan.h"
#include "transfer/import_run.h"
#include "transfer/inventory_reader.h"
#include "transfer/renaming.h"
#include "wire/event_time.h"

namespace meridian::cli {
namespace {

using nlohmann::json;
using transfer::ImportPlan;
using transfer::ImportResult;
using transfer::Inventory;

struct ImportReport {
    ImportPlan const& plan;
    ImportResult const& result;
    Inventory const& wanted;
    ImportOptions const& options;
    std::string region;  // the target
    std::string undo;
};

template <typename Each>
void for_each_unit(ImportPlan const& plan, Each each) {
    for (auto const& phase : plan.phases) std::ranges::for_each(phase, each);
}

std::size_t problems_of(ImportReport const& report) {
    std::size_t count = report.result.failures.size();
    for_each_unit(report.plan, [&](transfer::Unit const& unit) {
        count += unit.conflicts.size() + (unit.refused.empty() ? 0 : 1);
    });
    return count;
}

json report_json(ImportReport const& report) {
    json units = json::array(), failures = json::array();
    for_each_unit(report.plan,
                  [&](transfer::Unit const& unit) { units.push_back(transfer::unit_json(unit)); });
    for (auto const& failure : report.result.failures)
        failures.push_back(
            {{"Subject", failure.subject}, {"What", failure.what}, {"Reason", failure.reason}});
    return {{"DryRun", report.options.dry_run},
            {"FromRegion", report.wanted.region},
            {"IntoRegion", report.region},
            {"Units", std::move(units)},
            {"StepsDone", report.result.steps_done},
            {"Failures", std::move(failures)},
            {"Untold", transfer::untold_json(report.wanted.untold)},
            {"NeverTold", transfer::never_told()},
            {"Undo", report.undo}};
}

std::string report_text(ImportReport const& report) {
    std::string text;
    std::size_t same = 0;
    for_each_unit(report.plan, [&](transfer::Unit const& unit) {
        if (unit.same() && unit.notes.empty())
            ++same;
        else
            text += transfer::unit_text(unit);
    });
    for (auto const& failure : report.result.failures)
        text += fmt::format("{}: {} failed: {}\n", failure.subject, failure.what, failure.reason);
    text += transfer::untold_text(report.wanted.untold);
    if (report.options.dry_run) {
        text += fmt::format("Nothing was done; {} as wished already.\n", counted(same, "thing"));
    } else {
        text += fmt::format("Done in {}: {}; {} as wished before; {}.\n", report.region,
                            counted(report.result.steps_done, "step"), counted(same, "thing"),
                            counted(problems_of(report), "problem"));
        if (!report.undo.empty()) text += report.undo + "\n";
    }
    return text;
}

void keep_selected(Inventory& inventory, std::vector<std::string> const& patterns) {
    if (patterns.empty()) return;
    std::erase_if(inventory.functions, [&](transfer::FunctionRecord const& function) {
        return std::ranges::none_of(patterns, [&](std::string const& pattern) {
            return transfer::matches(pattern, function.name());
        });
    });
    transfer::keep_what_is_used(inventory);
}

// How to get back to what was before `begun`.
io::Task<std::string> undo_text(deploy::AwsApi& target, ImportPlan const& plan, WallTime begun) {
    std::vector<std::string> created;
    for_each_unit(plan, [&](transfer::Unit const& unit) {
        if (!unit.exists && !unit.steps.empty()) created.push_back(unit.subject);
    });
    MERIDIAN_CO_TRY(auto const vault,
                    co_await target.rest("meridian", "GET", "/meridian/v1/vault"));
    if (vault.ok()) {
        // Moments are whole seconds.
        auto const moment =
            std::chrono::floor<std::chrono::seconds>(begun) - std::chrono::seconds(1);
        co_return fmt::format("To undo: meridian restore --region {} --at {} --exact",
                              target.region(), wire::format_iso8601(moment));
    }
    if (created.empty()) co_return std::string();
    co_return fmt::format(
        "To undo: delete what was created here ({}, the first is {}); this region keeps no "
        "vault that could bring back what was updated.",
        counted(created.size(), "thing"), created.front());
}

io::Task<> import_inventory(Connection connection, Clock const& clock, Inventory wanted,
                            transfer::PackageSource& packages, ImportOptions options, Output output,
                            CountLine& line) {
    auto const begun = clock.wall_now();
    MERIDIAN_CO_TRY(auto const map, transfer::read_renaming(options.map));
    ApiLanes const target(connection, clock);
    MERIDIAN_CO_TRY(auto const account, co_await transfer::read_account(*target.lanes().front()));
    auto renaming = transfer::own_arns(wanted, connection.region, account);
    renaming.insert(renaming.end(), map.begin(), map.end());
    transfer::rename_in(wanted, renaming);
    MERIDIAN_CO_TRY(auto const there,
                    co_await transfer::read_counterparts(
                        target.lanes(), wanted,
                        [&](std::size_t done, std::size_t total, std::string const& what) {
                            line.step("compare", done, total, what);
                        }));
    auto const plan = transfer::plan_import(wanted, there,
                                            {.enable_mappings = options.enable_mappings,
                                             .without_environment = options.without_environment});
    ImportResult result;
    if (!options.dry_run) {
        MERIDIAN_CO_TRY(result,
                        co_await transfer::run_import(
                            target.lanes(), plan, packages,
                            [&](std::size_t done, std::size_t total, std::string const& what) {
                                line.step("import", done, total, what);
                            }));
    }
    line.finish();
    ImportReport report{.plan = plan,
                        .result = result,
                        .wanted = wanted,
                        .options = options,
                        .region = connection.region,
                        .undo = {}};
    if (result.steps_done != 0) {
        MERIDIAN_CO_TRY(report.undo, co_await undo_text(*target.lanes().front(), plan, begun));
    }
    output.print(output.json ? report_json(report).dump(2) + "\n" : report_text(report));
    auto const problems = problems_of(report);
    if (options.dry_run || problems == 0) co_return Result<void>{};
    co_return fail(Errc::kIo, fmt::format("{} could not be imported; what could is there, and the "
                                          "same command goes on.",
                                          counted(problems, "thing")));
}

}  // namespace

io::Task<> import_folder(Connection connection, Clock const& clock, std::filesystem::path from,
                         ImportOptions options, Output output, Messages messages) {
    CountLine line(messages.print, messages.terminal, clock);
    MERIDIAN_CO_TRY(auto inventory, transfer::read_folder(from));
    keep_selected(inventory, options.functions);
    if (inventory.functions.empty() && !options.functions.empty())
        co_return fail(Errc::kResourceNotFound,
                       fmt::format("{} holds no such function.", from.string()));
    transfer::FolderPackages packages(std::move(from));
    co_return co_await import_inventory(std::move(connection), clock, std::move(inventory),
                                        packages, std::move(options), std::move(output), line);
}

io::Task<> import_endpoint(Connection connection, Clock const& clock, Connection source,
                           ImportOptions options, Output output, Messages messages) {
    CountLine line(messages.print, messages.terminal, clock);
    ApiLanes const from(source, clock);
    MERIDIAN_CO_TRY(auto inventory,
                    co_await transfer::read_inventory(
                        from.lanes(), {.functions = options.functions},
                        [&](std::size_t done, std::size_t total, std::string const& what) {
                            line.step("read", done, total, what);
                        }));
    transfer::EndpointPackages there(from.lanes(), inventory.account);
    transfer::PackagesByHash packages(there, options.packages);
    co_return co_await import_inventory(std::move(connection), clock, std::move(inventory),
                                        packages, std::move(options), std::move(output), line);
}

}  // namespace meridian::cli
