#include "bin/vault_files.h"

#include <algorithm>
#include <fstream>

#include <fmt/format.h>

#include "api/rollout_actions.h"
#include "base/encoding.h"
#include "bin/key_file.h"
#include "control/function_records.h"
#include "io/durable_file.h"

namespace meridian::bin {
namespace {

using nlohmann::json;

constexpr char kMasterFile[] = "vault.key";
constexpr char kRecoveryFile[] = "vault.recovery";
constexpr char kSecret[] = "secret";  // of an access key's record (iam/identity_records.cc)

std::unexpected<Error> not_a_recovery_file(std::filesystem::path const& path) {
    return fail(
        Errc::kCorrupt,
        fmt::format("{} is damaged. Without it a new recovery key is made at the next start.",
                    path.string()));
}

Result<vault::RecoveryKey::Kept> read_kept(std::filesystem::path const& path) {
    std::ifstream in(path);
    auto const value = json::parse(in, nullptr, false);
    if (!value.is_object()) return not_a_recovery_file(path);
    vault::RecoveryKey::Kept kept{.recipient = value.value("recipient", ""),
                                  .box = value.value("box", ""),
                                  .voucher = value.value("voucher", "")};
    if (kept.recipient.empty() || kept.box.empty() || kept.voucher.empty())
        return not_a_recovery_file(path);
    return kept;
}

bool is_access_key(store::Change const& change) {
    return change.key.kind == store::Kind::kIamAccessKey && change.value &&
           change.value->contains(kSecret) && (*change.value)[kSecret].is_string();
}

}  // namespace

Result<VaultSecrets> load_or_create_vault_secrets(std::filesystem::path const& data,
                                                  Random& random) {
    MERIDIAN_TRY(auto const bytes, load_or_create_key(data / kMasterFile, random));
    vault::Master master{};
    std::ranges::copy(bytes, master.begin());
    VaultSecrets secrets{.keys = vault::vault_keys(master), .recovery = {}, .new_recovery_key = {}};
    auto const path = data / kRecoveryFile;
    std::error_code error;
    if (std::filesystem::exists(path, error)) {
        MERIDIAN_TRY(auto kept, read_kept(path));
        secrets.recovery.push_back(std::move(kept));
        return secrets;
    }
    auto const key = vault::RecoveryKey::make(random);
    auto const kept = key.keep(master, random);
    json const value = {
        {"recipient", kept.recipient}, {"box", kept.box}, {"voucher", kept.voucher}};
    MERIDIAN_CHECK(io::write_file_durably(path, value.dump(2) + "\n"));
    secrets.recovery.push_back(kept);
    secrets.new_recovery_key = key.show();
    return secrets;
}

std::vector<store::SecretMembers> record_secret_members() {
    auto members = control::secret_members();
    for (auto& of_rollouts : api::rollout_secret_members())
        members.push_back(std::move(of_rollouts));
    return members;
}

std::vector<store::SecretMembers> vault_secret_members() {
    auto members = record_secret_members();
    members.push_back({store::Kind::kIamAccessKey, {json::json_pointer("/secret")}});
    return members;
}

Result<void> reveal_for_vault(iam::SecretKeys const& secrets, store::Change& change) {
    if (!is_access_key(change)) return {};
    auto& secret = (*change.value)[kSecret];
    auto const sealed = from_base64(secret.get_ref<std::string const&>());
    if (!sealed) return fail(Errc::kCorrupt, change.key.id + ": its secret is not base64");
    MERIDIAN_TRY(secret, secrets.open_secret(model::AccessKeyId(change.key.id), *sealed));
    return {};
}

Result<void> conceal_from_vault(iam::SecretKeys const& secrets, Random& random,
                                store::Change& change) {
    if (!is_access_key(change)) return {};
    auto& secret = (*change.value)[kSecret];
    secret = to_base64(secrets.seal_secret(model::AccessKeyId(change.key.id),
                                           secret.get_ref<std::string const&>(), random));
    return {};
}

}  // namespace meridian::bin
