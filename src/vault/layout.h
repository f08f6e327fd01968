#pragma once
// Where each record stands in the vault's tree (docs/formats/vault.md): one folder a function, one
// file a record. Pure; any thread.
//
//   accounts/123456789012/functions/hello/function.json, versions/3.json, aliases/live.json, …
//   accounts/123456789012/layers/tools/versions/1.json
//   accounts/123456789012/pipelines/shop/pipeline.json, executions/3.json
//   accounts/123456789012/stacks/shop.json, rollouts/d-0123ABCDE.json
//   accounts/123456789012/iam/roles/r.json
//   code/<first two digits>/<sha256 in hex>/…
//
// What a deleted record leaves behind for ever (a function's last version number) stands in its
// place, its name ending with ".deleted" instead of ".json".

#include <optional>
#include <string>
#include <string_view>

#include "store/store.h"

namespace meridian::vault {

struct RecordPlace {
    store::Key key;
    bool is_epitaph = false;

    bool operator==(RecordPlace const&) const = default;
};

// Nothing for kinds that are not kept: which region is IAM's home, and what sessions are sealed
// with.
[[nodiscard]] std::optional<std::string> path_of(RecordPlace const& place);
// Nothing for a path that path_of() does not give.
[[nodiscard]] std::optional<RecordPlace> place_of(std::string_view path);

// "function hello", "alias hello:live": for messages.
[[nodiscard]] std::string describe(store::Key const& key);

// The folder of a package.
[[nodiscard]] std::string package_path(std::string_view sha256_hex);
inline constexpr std::string_view kCodeFolder = "code";
inline constexpr std::string_view kAccountsFolder = "accounts";

}  // namespace meridian::vault
