#pragma once
// What the tests of the control plane share: a role, and short forms of the actions on one
// function, "f".

#include <gtest/gtest.h>

#include "control/fakes.h"

namespace meridian::control {

class ControlPlaneTest : public testing::Test, protected ControlHarness {
  protected:
    ControlPlaneTest() { make_role(); }

    Result<FunctionView> update_code(std::string const& zip,
                                     std::optional<model::RevisionId> revision = std::nullopt) {
        return run(control->update_function_code(who, {.name = model::FunctionName("f"),
                                                       .package = {.zip_bytes = zip},
                                                       .revision_id = std::move(revision)}));
    }
    Result<FunctionView> update_settings(SettingsChange settings) {
        return run(control->update_function_configuration(
            who, {.name = model::FunctionName("f"), .settings = std::move(settings)}));
    }
    Result<FunctionView> publish(std::optional<std::string> description = std::nullopt) {
        return run(control->publish_version(
            who, {.name = model::FunctionName("f"), .description = std::move(description)}));
    }
    Result<void> remove(std::string const& name = "f",
                        std::optional<std::string> const& qualifier = std::nullopt) {
        FunctionAndQualifier what{model::FunctionName(name), {}};
        if (qualifier) what.qualifier = model::Qualifier(*qualifier);
        return run(control->delete_function(who, what));
    }
    std::string published_code(std::string const& version = "$LATEST") {
        auto const found = control->published().find(kTestAccount, "f", version);
        return found == nullptr ? "none" : code.packages[found->version.code.sha256];
    }
};

}  // namespace meridian::control
