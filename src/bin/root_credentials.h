#pragma once
// The root access keys of the accounts, in an AWS profile file of the data directory: [default] for
// the first account, [123456789012] for another. Made at the first start that names the account,
// read at every later one.

#include <filesystem>
#include <vector>

#include "auth/sigv4_verifier.h"
#include "base/random.h"

namespace meridian::bin {

class RootCredentials final : public auth::CredentialSource {
  public:
    // `accounts`: at least one.
    [[nodiscard]] static Result<RootCredentials> load_or_create(
        std::filesystem::path const& file, std::vector<model::AccountId> const& accounts,
        Random& random);

    [[nodiscard]] auth::Credential const* find(model::AccessKeyId const& id,
                                               std::string_view) const override;
    // The first account's root.
    [[nodiscard]] auth::Caller caller() const;

  private:
    struct Key {
        model::AccessKeyId id;
        auth::Credential credential;
    };
    std::vector<Key> keys_;
};

}  // namespace meridian::bin
