#include "wire/xml.h"

#include "wire/utf8.h"

namespace meridian::wire {

void XmlWriter::open(std::string_view element, std::string_view xml_namespace) {
    out_.append("<").append(element);
    if (!xml_namespace.empty()) out_.append(" xmlns=\"").append(xml_namespace).append("\"");
    out_.append(">");
}

void XmlWriter::close(std::string_view element) { out_.append("</").append(element).append(">"); }

void XmlWriter::leaf(std::string_view element, std::string_view text) {
    open(element);
    append_text(text);
    close(element);
}

void XmlWriter::append_text(std::string_view text) {
    std::size_t at = 0;
    while (at < text.size()) {
        std::size_t const length = utf8_sequence_length(text, at);
        auto const byte = static_cast<unsigned char>(text[at]);
        if (length == 0 || (byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r')) {
            out_ += "\xEF\xBF\xBD";  // XML 1.0 has no such character in any form
            ++at;
            continue;
        }
        switch (text[at]) {
            case '&':
                out_ += "&amp;";
                break;
            case '<':
                out_ += "&lt;";
                break;
            case '>':
                out_ += "&gt;";
                break;
            case '"':
                out_ += "&quot;";
                break;
            case '\r':
                out_ += "&#13;";
                break;  // readers turn a bare one into a line feed
            default:
                out_.append(text, at, length);
        }
        at += length;
    }
}

}  // namespace meridian::wire
