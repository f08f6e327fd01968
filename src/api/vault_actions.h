#pragma once
// Meridian's own API of a region's vault, REST-JSON under /meridian/v1/ (docs/operating/vault.md):
//
//   GET  vault                      how far it has followed the region, when it was last proven
//   POST vault/verify               {Level?, Baseline?, Part?, Parts?, Copy?}: a job
//   GET  vault/jobs                 GET vault/jobs/ID?wait=SECONDS: when it is over, or after that
//   POST vault/jobs/ID/cancel       {}: it stops at its next safe step
//   GET  backups                    POST backups {Message?}: a job
//   POST backups/prune              {Last?, Hourly?, Daily?, DryRun?}
//   GET  baselines                  POST baselines {Name?, Message?}
//   GET  baselines/NAME             GET baselines/NAME/changes?to=NAME: what changed since
//   POST restores                   {Baseline | At, Function?, FromRegion?, Vault?, …, DryRun?}: a
//   job
//
// What is a job (vault/jobs.h) answers at once with its id; its result is that of the work.
//
// Threads: the region's executor. Everything by reference outlives the call.

#include <functional>

#include "api/authorizer.h"
#include "base/http_message.h"
#include "vault/backup_runner.h"
#include "vault/jobs.h"
#include "vault/restorer.h"

namespace meridian::api {

struct VaultServices {
    vault::VaultKeeper& keeper;
    vault::Restorer& restorer;
    vault::Verifier& verifier;
    vault::BackupRunner& backups;
    vault::Jobs& jobs;
    store::Store& store;
};

// The vault of another region of this process; null: it is not hosted here.
using KeeperOf = std::function<vault::VaultKeeper*(std::string_view region)>;

struct VaultCall {
    VaultServices services;
    auth::Caller caller;
    RequestOrigin origin;
    HttpRequest request;
    KeeperOf keeper_of;
    WallTime now{};
};

// Errors: kUnknownOperation; what the caller did wrong, by name; kResourceConflict for a vault that
// is damaged: whoever calls this is to know.
io::Task<HttpResponse> serve_vault(Authorizer& authorizer, VaultCall call);

}  // namespace meridian::api
