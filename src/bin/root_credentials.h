#pragma once
// The account's root access key, in an AWS profile file of the data directory: made at the first
// start, read at every later one.

#include <filesystem>

#include "auth/sigv4_verifier.h"
#include "base/random.h"

namespace meridian::bin {

class RootCredentials final : public auth::CredentialSource {
  public:
    [[nodiscard]] static Result<RootCredentials> load_or_create(std::filesystem::path const& file,
                                                                model::AccountId account,
                                                                Random& random);

    [[nodiscard]] auth::Credential const* find(model::AccessKeyId const& id) const override;
    [[nodiscard]] auth::Caller caller() const;

  private:
    model::AccessKeyId id_;
    auth::Credential credential_;
};

}  // namespace meridian::bin
