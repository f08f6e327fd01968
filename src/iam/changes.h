#pragma once
// One change of IAM as a transaction: what must still be as it was read, and what is written.

#include <string>
#include <utility>

#include "iam/identity_records.h"
#include "iam/known.h"

namespace meridian::iam {

class Changes {
  public:
    // Nothing of that name must be there.
    template <typename Entity>
    void create(Entity const& entity) {
        transaction_.expectations.push_back({key_of(entity), std::nullopt});
        transaction_.changes.push_back({key_of(entity), to_record(entity)});
    }
    // `after` may have another name.
    template <typename Entity>
    void replace(Known<Entity> const& before, Entity const& after) {
        auto const key = key_of(before.entity);
        if (key_of(after) != key) {
            remove(before);
            create(after);
            return;
        }
        transaction_.expectations.push_back({key, before.sequence});
        transaction_.changes.push_back({key, to_record(after)});
    }
    template <typename Entity>
    void remove(Known<Entity> const& before) {
        transaction_.expectations.push_back({key_of(before.entity), before.sequence});
        transaction_.changes.push_back({key_of(before.entity), std::nullopt});
    }
    // Writes it again as it is: what others do to it at the same time conflicts with this change.
    template <typename Entity>
    void hold(Known<Entity> const& known) {
        replace(known, known.entity);
    }

    [[nodiscard]] bool empty() const noexcept { return transaction_.changes.empty(); }
    [[nodiscard]] store::Transaction transaction(std::string caller) && {
        transaction_.caller = std::move(caller);
        return std::move(transaction_);
    }

  private:
    store::Transaction transaction_;
};

}  // namespace meridian::iam
