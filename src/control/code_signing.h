#pragma once
// Code signing configs, and which function has which. There is no signer here and no signature is
// ever believed: all code counts as unsigned. A config that says Warn lets it in, one that says
// Enforce refuses it. Held by ControlPlane; threads: its region's executor.
// Source: Developer Guide, "Using code signing"; texts as recorded.
//
// A config is a unit of its own, {"format":1, "settings":{…}} with the API's members and `Tags`
// (kept_settings.h). A function's record of it hangs under the function and has the config's id.

#include <string>
#include <vector>

#include "control/function_directory.h"
#include "control/kept_settings.h"
#include "control/requests.h"

namespace meridian::control {

struct CodeSigningConfig {
    std::string id = {};  // "csc-…"
    KeptSettings config = {};
};

struct CodeSigningConfigPage {
    std::vector<CodeSigningConfig> configs = {};
    std::string next_marker = {};  // empty: that was all
};

struct SignedFunctionPage {
    std::vector<model::FunctionName> functions = {};
    std::string next_marker = {};
};

class CodeSigning {
  public:
    explicit CodeSigning(ResourceParts const& parts)
        : parts_(parts), configs_(parts.store), functions_(parts.store) {}

    // "arn:aws:lambda:us-east-1:123456789012:code-signing-config:csc-…"
    [[nodiscard]] std::string arn(model::AccountId const& account, std::string const& id) const;

    io::Task<CodeSigningConfig> create(Requester who, nlohmann::json settings);
    // Of these, kResourceNotFoundWithoutType where there is none.
    io::Task<CodeSigningConfig> get(Requester who, std::string arn);
    io::Task<CodeSigningConfig> update(Requester who, std::string arn, nlohmann::json settings);
    // kResourceConflict while a function has it.
    io::Task<> remove(Requester who, std::string arn);
    io::Task<CodeSigningConfigPage> list(Requester who, std::string marker, std::size_t max_items);
    io::Task<SignedFunctionPage> functions(Requester who, std::string arn, std::string marker,
                                           std::size_t max_items);
    // The tags after `add` and `remove_keys`.
    io::Task<model::Tags> change_tags(Requester who, std::string arn, model::Tags add,
                                      std::vector<std::string> remove_keys);

    // The ARN of the function's config; empty for none. kResourceNotFound without the function.
    io::Task<std::string> of_function(Requester who, model::FunctionName function);
    // kCodeSigningConfigNotFound, before kResourceNotFound for the function.
    io::Task<> put_for_function(Requester who, model::FunctionName function, std::string arn);
    io::Task<> remove_for_function(Requester who, model::FunctionName function);

    // For a change that brings new code or layers to a function: kCodeVerificationFailed if its
    // config enforces signatures. Else adds to the transaction what must still hold at its commit.
    io::Task<> allow_code(Requester who, model::FunctionName function, store::Transaction* to);
    // For a function that is about to be created with the config: the same, and its record.
    // kCodeSigningConfigNotFound.
    io::Task<> attach_new(Requester who, model::FunctionName function, std::string arn,
                          store::Transaction* to);

  private:
    using Config = Stored<KeptSettings>;
    io::Task<std::optional<Config>> find(Requester who, std::string arn);
    io::Task<Config> load(Requester who, std::string arn);
    // For functions, which say it in other words.
    io::Task<Config> load_for_function(Requester who, std::string arn);
    // Gives the function the config. Writes the config too, so that it cannot go at the same time.
    void attach(Config const& config, model::FunctionName const& function,
                std::optional<store::Sequence> before, store::Transaction* to) const;
    io::Task<CodeSigningConfig> try_update(Requester who, std::string arn, nlohmann::json settings);
    io::Task<> try_remove(Requester who, std::string arn);
    io::Task<model::Tags> try_change_tags(Requester who, std::string arn, model::Tags add,
                                          std::vector<std::string> remove_keys);
    io::Task<> try_put(Requester who, model::FunctionName function, std::string arn);
    io::Task<> try_remove_for_function(Requester who, model::FunctionName function);

    ResourceParts const parts_;
    RecordTable<KeptSettingsCodec<store::Kind::kCodeSigningConfig>> configs_;
    RecordTable<KeptSettingsCodec<store::Kind::kFunctionCodeSigning>> functions_;
};

}  // namespace meridian::control
