#pragma once
// Git's pack and index, version 2 (gitformat-pack(5)), built in memory: whole objects, no deltas.
// Git's own repack makes the deltas later. Pure; one thread at a time.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "vault/git_objects.h"
#include "vault/pack_entries.h"

namespace meridian::vault {

// Whether bytes are worth compressing: parts of packages are already.
enum class Packing : std::uint8_t { kStore, kDeflate };

class PackFile {
  public:
    PackFile();

    // Twice is once.
    void add(ObjectId const& id, ObjectType type, std::string_view bytes, Packing packing);
    // One of another pack, as it stands there.
    void add(PackedEntry const& entry);
    [[nodiscard]] bool contains(ObjectId const& id) const { return entries_.contains(id); }
    [[nodiscard]] bool is_empty() const noexcept { return entries_.empty(); }
    [[nodiscard]] std::size_t bytes() const noexcept { return pack_.size(); }
    // The object's bytes, as they were added. `id` is here.
    [[nodiscard]] std::string read(ObjectId const& id) const;

    struct Files {
        std::string name;  // "pack-<hex>", without its suffix
        std::string pack;
        std::string index;
    };
    // What was added so far; the object is then empty again.
    [[nodiscard]] Files finish();

  private:
    struct Entry {
        std::uint64_t offset = 0;
        std::uint32_t crc32 = 0;  // of the entry as it stands in the pack
        std::size_t data_offset = 0;
        std::size_t data_end = 0;
        std::size_t bytes = 0;
    };
    std::string pack_;
    std::map<ObjectId, Entry> entries_;
};

}  // namespace meridian::vault
