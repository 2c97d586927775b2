// Bodies of the frames that make a cluster: one writer and one reader a message.
#include "cluster/init_messages.h"

#include <algorithm>

#include "cluster/body_codec.h"
#include "schemas/init.capnp.h"

namespace stator::cluster {
namespace {

using Bytes16 = std::array<uint8_t, 16>;

// --- writing ---

capnp::Data::Reader data_of(const Bytes16& id) { return {id.data(), id.size()}; }
std::string_view cut(const std::string& reason) {
  return std::string_view(reason).substr(0, kReasonBytesMax);
}

void write(schemas::Member::Builder out, const Member& member) {
  for (const std::string* text : {&member.link, &member.client, &member.admin, &member.zone})
    STATOR_ASSERT(text->size() <= kMemberTextBytesMax, "addresses and zones are bounded where they are read");
  out.setNode(member.node.value);
  out.setMetadataReplica(member.metadata_replica.value);
  out.setIncarnation(data_of(member.incarnation));
  out.setLink(cluster::data_of(member.link));
  out.setClient(cluster::data_of(member.client));
  out.setAdmin(cluster::data_of(member.admin));
  out.setZone(cluster::data_of(member.zone));
}

void write(capnp::List<schemas::Member>::Builder out, const std::vector<Member>& members) {
  STATOR_ASSERT(members.size() <= kMembersMax, "members are bounded where they are made");
  for (uint i = 0; i < out.size(); ++i) write(out[i], members[i]);
}

template <class Root, class Write>
std::string message(Write&& write_root) {
  capnp::MallocMessageBuilder builder;
  write_root(builder.initRoot<Root>());
  return flatten(builder);
}

// --- reading: each returns false for what is malformed ---

bool read(capnp::Data::Reader in, Bytes16& out) {
  if (in.size() != out.size()) return false;
  std::memcpy(out.data(), in.begin(), out.size());
  return out != Bytes16{};
}

bool read(capnp::Data::Reader in, std::string& out, size_t bytes_max = kMemberTextBytesMax) {
  if (in.size() > bytes_max) return false;
  out = view_of(in);
  return true;
}

bool read(schemas::Member::Reader in, Member& out, bool numbered = true) {
  out.node = model::NodeId(in.getNode());
  out.metadata_replica = model::ReplicaId(in.getMetadataReplica());
  return (out.node || !numbered) && read(in.getIncarnation(), out.incarnation) && read(in.getLink(), out.link) &&
         read(in.getClient(), out.client) && read(in.getAdmin(), out.admin) && read(in.getZone(), out.zone);
}

bool read(capnp::List<schemas::Member>::Reader in, std::vector<Member>& out) {
  if (in.size() > kMembersMax) return false;
  out.resize(in.size());
  for (uint i = 0; i < in.size(); ++i) {
    if (!read(in[i], out[i])) return false;
  }
  return true;
}

bool read(schemas::IdentifyReply::Reader in, IdentifyReply& out) {
  if (!read(in.getSelf(), out.self, in.hasClusterId())) return false;
  if (!in.hasClusterId()) return !in.hasMembers();
  return read(in.getClusterId(), out.cluster_id) && read(in.getMembers(), out.members);
}

bool read(schemas::Bootstrap::Reader in, BootstrapRequest& out) {
  return read(in.getClusterId(), out.cluster_id) && read(in.getMembers(), out.members) &&
         !out.members.empty();
}

bool read(schemas::BootstrapReply::Reader in, BootstrapReply& out) {
  out.done = in.getDone();
  return read(in.getReason(), out.reason, kReasonBytesMax);
}

bool read(schemas::Join::Reader in, JoinRequest& out) {
  out.format_min = in.getFormatMin();
  out.format_max = in.getFormatMax();
  return read(in.getSelf(), out.self, false) && read(in.getVersion(), out.version);
}

bool read(schemas::JoinReply::Welcome::Reader in, JoinWelcome& out) {
  out.metadata_replica = model::ReplicaId(in.getMetadataReplica());
  out.late = in.getLate();
  out.node = model::NodeId(in.getNode());
  return out.metadata_replica && read(in.getClusterId(), out.cluster_id) &&
         read(in.getMembers(), out.members);
}

bool read(schemas::JoinReply::Refusal::Reader in, JoinRefusal& out) {
  out.again = in.getAgain();
  return read(in.getReason(), out.reason, kReasonBytesMax);
}

bool read(schemas::JoinReply::Reader in, JoinReply& out) {
  switch (in.which()) {
    case schemas::JoinReply::WELCOME:
      return read(in.getWelcome(), out.emplace<JoinWelcome>());
    case schemas::JoinReply::REFUSAL:
      return read(in.getRefusal(), out.emplace<JoinRefusal>());
  }
  return false;
}

template <class Root, class T>
InitMessage<T> decode(std::string_view body) {
  return decode_body<T>(body, InitMessageError::kMalformed, [](BodyReader& reader) -> InitMessage<T> {
    T out;
    if (!read(reader.root<Root>(), out)) return model::Failure(InitMessageError::kMalformed);
    return out;
  });
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

}  // namespace

std::string encode(const IdentifyReply& reply) {
  return message<schemas::IdentifyReply>([&](schemas::IdentifyReply::Builder out) {
    write(out.initSelf(), reply.self);
    if (!reply.initialised()) return;
    out.setClusterId(data_of(reply.cluster_id));
    write(out.initMembers(static_cast<uint>(reply.members.size())), reply.members);
  });
}

std::string encode(const BootstrapRequest& bootstrap) {
  return message<schemas::Bootstrap>([&](schemas::Bootstrap::Builder out) {
    out.setClusterId(data_of(bootstrap.cluster_id));
    write(out.initMembers(static_cast<uint>(bootstrap.members.size())), bootstrap.members);
  });
}

std::string encode(const BootstrapReply& reply) {
  return message<schemas::BootstrapReply>([&](schemas::BootstrapReply::Builder out) {
    out.setDone(reply.done);
    out.setReason(cluster::data_of(cut(reply.reason)));
  });
}

std::string encode(const JoinRequest& request) {
  return message<schemas::Join>([&](schemas::Join::Builder out) {
    write(out.initSelf(), request.self);
    out.setVersion(cluster::data_of(request.version));
    out.setFormatMin(request.format_min);
    out.setFormatMax(request.format_max);
  });
}

std::string encode(const JoinReply& reply) {
  return message<schemas::JoinReply>([&](schemas::JoinReply::Builder out) {
    if (const auto* welcome = std::get_if<JoinWelcome>(&reply)) {
      auto body = out.initWelcome();
      body.setClusterId(data_of(welcome->cluster_id));
      body.setMetadataReplica(welcome->metadata_replica.value);
      body.setLate(welcome->late);
      body.setNode(welcome->node.value);
      write(body.initMembers(static_cast<uint>(welcome->members.size())), welcome->members);
    } else {
      const auto& refusal = std::get<JoinRefusal>(reply);
      auto body = out.initRefusal();
      body.setReason(cluster::data_of(cut(refusal.reason)));
      body.setAgain(refusal.again);
    }
  });
}

InitMessage<IdentifyReply> decode_identify_reply(std::string_view body) {
  return decode<schemas::IdentifyReply, IdentifyReply>(body);
}
InitMessage<BootstrapRequest> decode_bootstrap(std::string_view body) {
  return decode<schemas::Bootstrap, BootstrapRequest>(body);
}
InitMessage<BootstrapReply> decode_bootstrap_reply(std::string_view body) {
  return decode<schemas::BootstrapReply, BootstrapReply>(body);
}
InitMessage<JoinRequest> decode_join_request(std::string_view body) {
  return decode<schemas::Join, JoinRequest>(body);
}
InitMessage<JoinReply> decode_join_reply(std::string_view body) {
  return decode<schemas::JoinReply, JoinReply>(body);
}

std::string to_hex(const Bytes16& id) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  text.reserve(2 * id.size());
  for (const uint8_t byte : id) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

bool from_hex(std::string_view text, Bytes16& id) {
  if (text.size() != 2 * id.size()) return false;
  for (size_t i = 0; i < id.size(); ++i) {
    const int high = hex_value(text[2 * i]);
    const int low = hex_value(text[2 * i + 1]);
    if (high < 0 || low < 0) return false;
    id[i] = static_cast<uint8_t>(high << 4 | low);
  }
  return true;
}

}  // namespace stator::cluster
