#pragma once
// Meridian's own API of a region's vault, REST-JSON under /meridian/v1/ (docs/operating/vault.md):
//
//   GET  vault                      how far it has followed the region, when it was last proven
//   POST vault/verify               {Level?, Baseline?, Part?, Parts?}: checks it, keeps the proof
//   GET  backups                    POST backups {Message?}   POST backups/prune {Last?, …,
//   DryRun?} GET  baselines                  POST baselines {Name?, Message?} GET  baselines/NAME
//   GET baselines/NAME/changes?to=NAME: what changed since POST restores {Baseline | At, Function?,
//   FromRegion?, Vault?, …, DryRun?}
//
// Threads: the region's executor. Everything by reference outlives the call.

#include <functional>

#include "api/authorizer.h"
#include "base/http_message.h"
#include "vault/backup_runner.h"
#include "vault/restorer.h"

namespace meridian::api {

struct VaultServices {
    vault::VaultKeeper& keeper;
    vault::Restorer& restorer;
    vault::Verifier& verifier;
    vault::BackupRunner& backups;
    store::Store& store;
};

struct VaultCall {
    VaultServices services;
    auth::Caller caller;
    RequestOrigin origin;
    HttpRequest request;
    // The vault of another region of this process; null: it is not hosted here.
    std::function<vault::VaultKeeper*(std::string_view region)> keeper_of;
    WallTime now{};
};

// Errors: kUnknownOperation; what the caller did wrong, by name; kResourceConflict for a vault that
// is damaged: whoever calls this is to know.
io::Task<HttpResponse> serve_vault(Authorizer& authorizer, VaultCall call);

}  // namespace meridian::api
