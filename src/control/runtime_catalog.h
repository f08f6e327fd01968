#pragma once
// Which runtimes functions may be created with. The interface lives here with its user; bin/ joins
// it to the installed bundles.

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace meridian::control {

// What is installed on this node.
class InstalledRuntimes {
  public:
    virtual ~InstalledRuntimes() = default;
    [[nodiscard]] virtual bool is_installed(std::string_view runtime) const = 0;
};

// Whether a function may be created or updated with `runtime`. Each refusal is
// kInvalidParameterValue: unknown to AWS (its own enum text), deprecated there, or known and not
// installed here (with the command that installs it). A deprecated runtime that is installed is
// accepted.
class RuntimeCatalog {
  public:
    virtual ~RuntimeCatalog() = default;
    [[nodiscard]] virtual Result<void> check(std::string_view runtime) const = 0;
};

class KnownRuntimeCatalog final : public RuntimeCatalog {
  public:
    explicit KnownRuntimeCatalog(InstalledRuntimes const& installed) : installed_(installed) {}
    [[nodiscard]] Result<void> check(std::string_view runtime) const override;

  private:
    InstalledRuntimes const& installed_;
};

}  // namespace meridian::control
