// Documents of an exported folder: whatever the bytes are, they are an inventory or refused, and
// what is read is written as the same again.

#include <cstdlib>

#include "transfer/folder.h"

extern "C" int LLVMFuzzerTestOneInput(unsigned char const* data, std::size_t size) {
    using namespace meridian::transfer;
    std::string_view text(reinterpret_cast<char const*>(data), size);
    std::map<std::string, nlohmann::json> documents;
    documents["transfer.json"] = {{"Format", "meridian-transfer"},
                                  {"FormatVersion", 1},
                                  {"Region", "us-east-1"},
                                  {"Account", "123456789012"}};
    // The first line is the file's name.
    auto const line = text.find('\n');
    auto const name = std::string(text.substr(0, line));
    auto document = parse_document(line == std::string_view::npos ? text : text.substr(line + 1));
    if (!document) return 0;
    documents[name] = std::move(*document);
    auto const inventory = read_documents(std::move(documents));
    if (!inventory) return 0;
    auto const again = read_documents(folder_documents(*inventory));
    if (!again || folder_documents(*again) != folder_documents(*inventory)) std::abort();
    (void)package_files(*inventory);
    return 0;
}
