#pragma once
// An entity as the account log has it, with its policies ready to be evaluated. Immutable.

#include <optional>
#include <vector>

#include "model/identity.h"
#include "policy/document.h"
#include "store/store.h"

namespace meridian::iam {

template <typename Entity>
struct Known {
    Entity entity;
    store::Sequence sequence = 0;  // of the commit that last wrote it
    // Inline policies; of a managed policy, its default version.
    std::vector<policy::Document> documents = {};
    std::optional<policy::Document> trust = {};  // a role's
};

}  // namespace meridian::iam
