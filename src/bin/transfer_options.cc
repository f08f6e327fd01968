#include "bin/transfer_options.h"

#include <cstdio>

#include <unistd.h>

#include "bin/print_out.h"
#include "bin/vault_options.h"
#include "cli/aws_services.h"

namespace meridian::bin {
namespace {

void print_message(std::string_view text) {
    std::fwrite(text.data(), 1, text.size(), stderr);
    std::fflush(stderr);
}

io::Task<> refused(std::string message) {
    co_return fail(Errc::kInvalidParameterValue, std::move(message));
}

}  // namespace

CLI::App* TransferCommands::add_export(CLI::App* under, cli::ExportForm form, char const* name,
                                       char const* what) {
    auto* const command = under->add_subcommand(name, what);
    add_connection_options(command, flags_);
    command->add_option("function", export_.functions, "Names, or patterns with * and ?");
    command->add_flag("--all", all_, "Every function of the region, and every layer");
    command->add_option("--to", export_.to, "The folder that is written")->required();
    command->add_flag("--with-environment", export_.with_environment,
                      "Write the values of environment variables, in clear");
    command->add_flag("--dry-run", export_.dry_run, "Only say what would be written");
    command->add_flag("--json", json_, "The answer as JSON");
    exports_.emplace_back(command, form);
    return command;
}

CLI::App* TransferCommands::add_import(CLI::App* under, char const* name, char const* what) {
    auto* const command = under->add_subcommand(name, what);
    add_connection_options(command, flags_);
    command->add_option("--into", into_, "The region that gets them; the same as --region");
    command->add_flag("--dry-run", import_.dry_run, "Only say what would be done");
    command->add_flag("--json", json_, "The answer as JSON");
    return command;
}

TransferCommands::TransferCommands(CLI::App& app, cli::ConnectionFlags& flags,
                                   cli::Environment environment)
    : flags_(flags), environment_(std::move(environment)) {
    auto* const out = app.add_subcommand("export", "Functions of a region, for elsewhere");
    out->require_subcommand(1);
    add_export(out, cli::ExportForm::kZip, "zip",
               "A folder of readable files and packages, for `meridian import dir`");
    add_export(out, cli::ExportForm::kSam, "sam", "A SAM template with its packages");
    add_export(out, cli::ExportForm::kCfn, "cfn",
               "A CloudFormation template, and the packages for a bucket");

    imports_ = app.add_subcommand("import", "Functions from elsewhere into a region");
    imports_->require_subcommand(1);
    import_dir_ = add_import(imports_, "dir", "A folder that `meridian export zip` wrote");
    import_dir_->add_option("folder", folder_)->required();
    import_aws_ = add_import(imports_, "aws", "Another Lambda endpoint's, through AWS's API");
    import_aws_->add_option("--from-endpoint", source_flags_.endpoint_url,
                            "The other's URL; otherwise the profile's");
    import_aws_->add_option("--from-profile", source_flags_.profile, "AWS profile of the other");
    import_aws_->add_option("--from-data", source_flags_.data,
                            "Data directory of the other, if it is a `meridian up` here");
    import_aws_->add_option("--from-region", source_flags_.region,
                            "The other's region; otherwise the profile's");
    import_aws_->add_option("--packages", import_.packages,
                            "Folder of SHA256HEX.zip files: packages that the other hands out to "
                            "nobody");
    for (auto* const command : {import_dir_, import_aws_}) {
        command->add_option("function", import_.functions, "Names, or patterns with * and ?");
        command->add_flag("--all", all_, "Every function");
        command->add_option("--map", import_.map, "FROM=TO: a text in values, changed");
        command->add_flag("--enable-mappings", import_.enable_mappings,
                          "Event source mappings poll as at their source");
        command->add_flag("--without-environment", import_.without_environment,
                          "Leave out variables whose values were withheld");
    }
}

Result<cli::Connection> TransferCommands::source() const {
    // The variables are about the target. Of another `meridian up`, its data directory says
    // everything; a profile stands in the files that the variables name.
    bool const by_data = !source_flags_.data.empty(), by_profile = !source_flags_.profile.empty();
    auto const environment = [&](char const* name) -> std::optional<std::string> {
        std::string_view const text = name;
        bool const names_files =
            text == "HOME" || text == "AWS_CONFIG_FILE" || text == "AWS_SHARED_CREDENTIALS_FILE";
        if (text == "AWS_ENDPOINT_URL") return std::nullopt;
        if (by_data && !by_profile && text != "AWS_CA_BUNDLE") return std::nullopt;
        if (by_profile && !names_files && text != "AWS_CA_BUNDLE") return std::nullopt;
        return environment_(name);
    };
    auto flags = source_flags_;
    if (!by_data && !by_profile) flags.data = flags_.data;
    auto found = cli::find_connection(flags, environment);
    // A profile without an endpoint is AWS's.
    bool const of_aws = flags.endpoint_url.empty() && !flags.profile.empty() &&
                        flags.data.empty() && !flags.region.empty();
    if (found || !of_aws) return found;
    flags.endpoint_url = cli::aws_endpoint(flags.region);
    return cli::find_connection(flags, environment);
}

std::optional<TransferCommands::Command> TransferCommands::chosen() const {
    cli::Output const output{.print = print_out, .json = json_};
    cli::Messages const messages{.print = print_message, .terminal = ::isatty(STDERR_FILENO) == 1};
    for (auto const& [command, form] : exports_) {
        if (!*command) continue;
        return [=, this](cli::Connection connection, Clock const& clock) -> io::Task<> {
            if (export_.functions.empty() != all_) return refused("Name functions, or say --all.");
            auto options = export_;
            options.form = form;
            return cli::export_functions(std::move(connection), clock, std::move(options), output,
                                         messages);
        };
    }
    if (!*import_dir_ && !*import_aws_) return std::nullopt;
    return [=, this](cli::Connection connection, Clock const& clock) -> io::Task<> {
        if (import_.functions.empty() != all_) return refused("Name functions, or say --all.");
        if (!into_.empty()) connection.region = into_;
        if (*import_dir_) {
            return cli::import_folder(std::move(connection), clock, folder_, import_, output,
                                      messages);
        }
        auto other = source();
        if (!other) return refused("The other endpoint: " + other.error().message);
        return cli::import_endpoint(std::move(connection), clock, std::move(*other), import_,
                                    output, messages);
    };
}

}  // namespace meridian::bin
