// Bodies of the frames by which operators are heard.
#include "cluster/administer_messages.h"

#include "cluster/body_codec.h"
#include "schemas/init.capnp.h"

namespace stator::cluster {

std::string encode(const AdministerRequest& request) {
  capnp::MallocMessageBuilder message(8);
  auto out = message.initRoot<schemas::Administer>();
  out.setVerb(static_cast<uint8_t>(request.verb));
  out.setNode(request.node.value);
  return flatten(message);
}

std::string encode(const AdministerReply& reply) {
  capnp::MallocMessageBuilder message(words_for(kReasonBytesMax));
  auto out = message.initRoot<schemas::AdministerReply>();
  out.setState(static_cast<uint8_t>(reply.state));
  out.setText(data_of(std::string_view(reply.text).substr(0, kReasonBytesMax)));
  out.setLeft(reply.left);
  return flatten(message);
}

InitMessage<AdministerRequest> decode_administer_request(std::string_view body) {
  return decode_body<AdministerRequest>(
      body, InitMessageError::kMalformed, [](BodyReader& reader) -> InitMessage<AdministerRequest> {
        auto in = reader.root<schemas::Administer>();
        AdministerRequest request{static_cast<AdministerVerb>(in.getVerb()), model::NodeId(in.getNode())};
        const bool known = request.verb == AdministerVerb::kFinalizeVersion ||
                           (request.verb == AdministerVerb::kDecommission && request.node);
        if (!known) return model::Failure(InitMessageError::kMalformed);
        return request;
      });
}

InitMessage<AdministerReply> decode_administer_reply(std::string_view body) {
  return decode_body<AdministerReply>(
      body, InitMessageError::kMalformed, [](BodyReader& reader) -> InitMessage<AdministerReply> {
        auto in = reader.root<schemas::AdministerReply>();
        AdministerReply reply{static_cast<AdministerState>(in.getState()), {}, in.getLeft()};
        const bool known = reply.state >= AdministerState::kDone && reply.state <= AdministerState::kAgain;
        if (!known || in.getText().size() > kReasonBytesMax) return model::Failure(InitMessageError::kMalformed);
        reply.text = view_of(in.getText());
        return reply;
      });
}

}  // namespace stator::cluster
