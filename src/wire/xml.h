#pragma once
// Writes XML answers: elements and text, escaped, without white space. Appends to a string that the
// caller owns.

#include <string>
#include <string_view>

namespace meridian::wire {

class XmlWriter {
  public:
    explicit XmlWriter(std::string& out) : out_(out) {}

    // Opens the root element when given a namespace.
    void open(std::string_view element, std::string_view xml_namespace = {});
    void close(std::string_view element);
    void leaf(std::string_view element, std::string_view text);

  private:
    void append_text(std::string_view text);

    std::string& out_;
};

}  // namespace meridian::wire
