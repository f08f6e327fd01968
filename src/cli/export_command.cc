#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/counted.h"
#include "cli/api_lanes.h"
#include "cli/count_line.h"
#include "cli/transfer_commands.h"
#include "transfer/folder.h"
#include "transfer/inventory_reader.h"
#include "transfer/template_export.h"

namespace meridian::cli {
namespace {

using nlohmann::json;
using transfer::Inventory;

struct Counts {
    std::size_t functions = 0, versions = 0, layers = 0, roles = 0, policies = 0, packages = 0;
};

Counts counts_of(Inventory const& inventory) {
    Counts out{.functions = inventory.functions.size(),
               .layers = inventory.layers.size(),
               .roles = inventory.roles.size(),
               .policies = inventory.policies.size(),
               .packages = transfer::package_files(inventory).size()};
    for (auto const& function : inventory.functions) out.versions += function.versions.size();
    return out;
}

bool has_environment(Inventory const& inventory) {
    for (auto const& function : inventory.functions) {
        if (function.latest.contains("Environment")) return true;
        for (auto const& [number, configuration] : function.versions) {
            if (configuration.contains("Environment")) return true;
        }
    }
    return false;
}

// What is being exported, for the two ways to say it.
struct ExportReport {
    Inventory const& inventory;
    ExportOptions const& options;
    std::size_t files = 0;
    std::uint64_t bytes = 0;
    bool withheld = false;
    std::vector<std::string> unsaid = {};  // by the template
};

json report_json(ExportReport const& report) {
    auto const counts = counts_of(report.inventory);
    json names = json::array();
    for (auto const& function : report.inventory.functions) names.push_back(function.name());
    return {{"DryRun", report.options.dry_run},
            {"To", report.options.to.string()},
            {"Region", report.inventory.region},
            {"Functions", std::move(names)},
            {"Versions", counts.versions},
            {"Layers", counts.layers},
            {"Roles", counts.roles},
            {"Policies", counts.policies},
            {"Packages", counts.packages},
            {"Files", report.files},
            {"Bytes", report.bytes},
            {"EnvironmentWithheld", report.withheld},
            {"Unsaid", report.unsaid},
            {"Untold", transfer::untold_json(report.inventory.untold)},
            {"NeverTold", transfer::never_told()}};
}

std::string report_text(ExportReport const& report) {
    auto const counts = counts_of(report.inventory);
    auto text = fmt::format(
        "{} {} with {}, {}, {}, {} and {} of {} to {}.\n",
        report.options.dry_run ? "Would export" : "Exported", counted(counts.functions, "function"),
        counted(counts.versions, "version"), counted(counts.layers, "layer version"),
        counted(counts.roles, "role"), counted(counts.policies, "policy"),
        counted(counts.packages, "package"), report.inventory.region, report.options.to.string());
    if (report.options.dry_run) {
        for (auto const& function : report.inventory.functions)
            text += fmt::format("  function {} ({})\n", function.name(),
                                counted(function.versions.size(), "version"));
    }
    bool const is_zip = report.options.form == ExportForm::kZip;
    if (report.withheld) {
        text += is_zip
                    ? "Values of environment variables were withheld: --with-environment writes "
                      "them, in clear.\n"
                    : "Values of environment variables are parameters: --with-environment writes "
                      "them, in clear.\n";
    }
    if (!report.unsaid.empty()) text += "The template cannot say:\n";
    for (auto const& one : report.unsaid) text += fmt::format("  {}\n", one);
    text += transfer::untold_text(report.inventory.untold);
    if (!report.options.dry_run)
        text += fmt::format("The region was only read. To undo: remove {}.\n",
                            report.options.to.string());
    return text;
}

// The folder's files; packages one by one.
io::Task<> write_folder(Inventory const& inventory, transfer::PackageSource& packages,
                        ExportReport& report, transfer::Progress progress) {
    MERIDIAN_CO_TRY(auto writer, transfer::FolderWriter::begin(report.options.to));
    for (auto const& [file, document] : transfer::folder_documents(inventory)) {
        MERIDIAN_CO_CHECK(writer.write(file, document.dump(2) + "\n"));
        ++report.files;
    }
    auto const files = transfer::package_files(inventory);
    for (std::size_t n = 0; n < files.size(); ++n) {
        MERIDIAN_CO_TRY(auto const bytes, co_await packages.fetch(0, files[n].code));
        MERIDIAN_CO_CHECK(writer.write(files[n].file, bytes));
        ++report.files;
        report.bytes += bytes.size();
        progress(n + 1, files.size(), files[n].file);
    }
    co_return writer.finish();
}

transfer::TemplateForm form_of(ExportOptions const& options) {
    return options.form == ExportForm::kSam ? transfer::TemplateForm::kSam
                                            : transfer::TemplateForm::kCloudFormation;
}

// template.yaml and the packages that it names; transfer.json says what it cannot say.
io::Task<> write_template(Inventory const& inventory, transfer::TemplateExport const& made,
                          transfer::PackageSource& packages, ExportReport& report,
                          transfer::Progress progress) {
    MERIDIAN_CO_TRY(auto writer, transfer::FolderWriter::begin(report.options.to));
    json const manifest = {{"Format", "meridian-template"},
                           {"FormatVersion", 1},
                           {"Region", inventory.region},
                           {"Account", inventory.account},
                           {"Unsaid", made.unsaid},
                           {"Untold", transfer::untold_json(inventory.untold)},
                           {"NeverTold", transfer::never_told()}};
    MERIDIAN_CO_CHECK(writer.write("transfer.json", manifest.dump(2) + "\n"));
    MERIDIAN_CO_CHECK(writer.write("template.yaml", transfer::template_text(made)));
    report.files += 2;
    for (std::size_t n = 0; n < made.packages.size(); ++n) {
        auto const& file = made.packages[n];
        MERIDIAN_CO_TRY(auto const bytes, co_await packages.fetch(0, file.code));
        MERIDIAN_CO_CHECK(writer.write(file.file, bytes));
        ++report.files;
        report.bytes += bytes.size();
        progress(n + 1, made.packages.size(), file.file);
    }
    co_return writer.finish();
}

}  // namespace

io::Task<> export_functions(Connection connection, Clock const& clock, ExportOptions options,
                            Output output, Messages messages) {
    ApiLanes const api(connection, clock);
    CountLine line(messages.print, messages.terminal, clock);
    MERIDIAN_CO_TRY(auto inventory,
                    co_await transfer::read_inventory(
                        api.lanes(), {.functions = options.functions},
                        [&](std::size_t done, std::size_t total, std::string const& what) {
                            line.step("read", done, total, what);
                        }));
    ExportReport report{.inventory = inventory, .options = options};
    report.withheld = !options.with_environment && has_environment(inventory);
    if (!options.with_environment) transfer::withhold_environment(inventory);
    transfer::EndpointPackages packages(api.lanes(), inventory.account);
    auto const progress = [&](std::size_t done, std::size_t total, std::string const& what) {
        line.step("write", done, total, what);
    };
    if (options.form == ExportForm::kZip) {
        if (!options.dry_run) {
            MERIDIAN_CO_CHECK(co_await write_folder(inventory, packages, report, progress));
        }
    } else {
        auto const made = transfer::make_template(inventory, form_of(options));
        report.unsaid = made.unsaid;
        if (!options.dry_run) {
            MERIDIAN_CO_CHECK(co_await write_template(inventory, made, packages, report, progress));
        }
    }
    line.finish();
    output.print(output.json ? report_json(report).dump(2) + "\n" : report_text(report));
    co_return Result<void>{};
}

}  // namespace meridian::cli
