// The codec of hellos and the rules of the handshake.
#include "net/link_hello.h"

#include <algorithm>
#include <cstring>

#include "cluster/body_codec.h"
#include "schemas/link.capnp.h"

namespace stator::net {
namespace {

using Id16 = std::array<uint8_t, 16>;

capnp::Data::Reader data_of(const Id16& id) { return {id.data(), id.size()}; }

bool read_id(capnp::Data::Reader in, Id16& out) {
  if (in.size() != out.size()) return false;
  std::memcpy(out.data(), in.begin(), out.size());
  return true;
}

bool read_text(capnp::Text::Reader in, std::string& out) {
  if (in.size() > kHelloTextMax) return false;
  out.assign(in.begin(), in.size());
  return true;
}

std::string cut(const std::string& text) { return text.substr(0, kHelloTextMax); }

bool is_zero(const Id16& id) { return id == Id16{}; }

std::string range_text(uint32_t from, uint32_t to) {
  return std::to_string(from) + " to " + std::to_string(to);
}

}  // namespace

std::string encode_hello(const LinkHello& hello) {
  const LinkIdentity& identity = hello.identity;
  capnp::MallocMessageBuilder message;
  auto out = message.initRoot<schemas::LinkHello>();
  out.setClusterId(data_of(identity.cluster_id));
  out.setNode(identity.node.value);
  out.setIncarnation(data_of(identity.incarnation));
  out.setBootEpoch(identity.boot_epoch);
  out.setFormatsMin(identity.formats_min);
  out.setFormatsMax(identity.formats_max);
  out.setActiveVersion(identity.active_version);
  out.setVersion(cut(identity.version).c_str());
  out.setZone(cut(identity.zone).c_str());
  out.setLinkAddress(cut(identity.link_address).c_str());
  out.setClientAddress(cut(identity.client_address).c_str());
  out.setAdminAddress(cut(identity.admin_address).c_str());
  out.setWallClockMicros(identity.wall_clock_micros);
  out.setTo(hello.to.value);
  out.setSession(hello.session);
  return cluster::flatten(message);
}

model::Result<LinkHello, std::string> decode_hello(std::string_view body) {
  using Decoded = model::Result<LinkHello, std::string>;
  const std::string malformed = "a hello that cannot be read";
  if (body.size() > kHelloBytesMax) return model::Failure(malformed);
  return cluster::decode_body<LinkHello>(body, malformed, [&](cluster::BodyReader& reader) -> Decoded {
    const auto in = reader.root<schemas::LinkHello>();
    LinkHello hello;
    LinkIdentity& identity = hello.identity;
    identity.node = model::NodeId(in.getNode());
    identity.boot_epoch = in.getBootEpoch();
    identity.formats_min = in.getFormatsMin();
    identity.formats_max = in.getFormatsMax();
    identity.active_version = in.getActiveVersion();
    identity.wall_clock_micros = in.getWallClockMicros();
    hello.to = model::NodeId(in.getTo());
    hello.session = in.getSession();
    if (!read_id(in.getClusterId(), identity.cluster_id) ||
        !read_id(in.getIncarnation(), identity.incarnation) ||
        !read_text(in.getVersion(), identity.version) || !read_text(in.getZone(), identity.zone) ||
        !read_text(in.getLinkAddress(), identity.link_address) ||
        !read_text(in.getClientAddress(), identity.client_address) ||
        !read_text(in.getAdminAddress(), identity.admin_address))
      return model::Failure(malformed);
    return hello;
  });
}

bool same_cluster(const LinkIdentity& a, const LinkIdentity& b) {
  return a.cluster_id == b.cluster_id && !is_zero(a.cluster_id);
}

std::optional<std::string> refusal_of(const LinkIdentity& ours, const LinkHello& theirs,
                                      model::NodeId expected, FrameClass frame_class) {
  const LinkIdentity& peer = theirs.identity;
  if (peer.boot_epoch == ours.boot_epoch) return "this is a connection of the process to itself";
  if (peer.node && peer.node == ours.node)
    return "both processes are node " + std::to_string(ours.node.value) +
           ": one of them has the wrong id or data folder";
  if (theirs.to && theirs.to != ours.node)
    return "node " + std::to_string(theirs.to.value) + " was wanted, this is node " +
           std::to_string(ours.node.value);
  if (expected && peer.node != expected)
    return "node " + std::to_string(expected.value) + " was wanted, that is node " +
           std::to_string(peer.node.value);
  if (!peer.node && frame_class != FrameClass::kRequest)
    return "a process without a node id may only send requests";
  if (!is_zero(peer.cluster_id) && !is_zero(ours.cluster_id) && peer.cluster_id != ours.cluster_id)
    return "it belongs to another cluster";
  if (peer.formats_min > peer.formats_max || peer.formats_min > ours.formats_max ||
      peer.formats_max < ours.formats_min)
    return "its formats " + range_text(peer.formats_min, peer.formats_max) + " and ours, " +
           range_text(ours.formats_min, ours.formats_max) + ", do not overlap";
  return std::nullopt;
}

std::string printable(std::string_view text) {
  std::string out(text.substr(0, kRefusalBytesMax));
  std::replace_if(out.begin(), out.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  return out;
}

}  // namespace stator::net
