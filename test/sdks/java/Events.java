// What the clients hear, as lines.
import io.github.centrifugal.centrifuge.*;
import java.util.Map;

class Events {
  static class OfClient extends EventListener {
    final String name;
    final boolean clears;

    OfClient(String name, boolean clears) {
      this.name = name;
      this.clears = clears;
    }

    void hear(String event, Map<String, Object> line) {
      line.put("event", event);
      line.put("client", name);
      Driver.tell(line);
    }

    @Override public void onConnecting(Client client, ConnectingEvent e) {
      if (clears) client.setToken("");
      hear("connecting", Driver.fields("code", e.getCode(), "reason", e.getReason()));
    }

    @Override public void onConnected(Client client, ConnectedEvent e) {
      hear("connected", Driver.fields("connection", e.getClient()));
    }

    @Override public void onDisconnected(Client client, DisconnectedEvent e) {
      hear("disconnected", Driver.fields("code", e.getCode(), "reason", e.getReason()));
    }

    @Override public void onError(Client client, ErrorEvent e) {
      hear("error", Driver.fields("message", String.valueOf(e.getError())));
    }

    @Override public void onSubscribed(Client client, ServerSubscribedEvent e) {
      Map<String, Object> line = Driver.joined(e.getRecovered(), e.wasRecovering(), e.getData());
      line.put("room", e.getChannel());
      hear("subscribed", line);
    }

    @Override public void onUnsubscribed(Client client, ServerUnsubscribedEvent e) {
      hear("unsubscribed", Driver.fields("room", e.getChannel()));
    }

    @Override public void onPublication(Client client, ServerPublicationEvent e) {
      Map<String, Object> line = Driver.message(e.getData(), e.getOffset(), e.getInfo());
      line.put("tags", e.getTags());
      line.put("room", e.getChannel());
      hear("message", line);
    }

    @Override public void onJoin(Client client, ServerJoinEvent e) {
      hear("join", Driver.fields("room", e.getChannel(), "by", Driver.who(e.getInfo())));
    }

    @Override public void onLeave(Client client, ServerLeaveEvent e) {
      hear("leave", Driver.fields("room", e.getChannel(), "by", Driver.who(e.getInfo())));
    }
  }

  static class OfRoom extends SubscriptionEventListener {
    final String name;

    OfRoom(String name) {
      this.name = name;
    }

    void hear(String event, Subscription room, Map<String, Object> line) {
      line.put("event", event);
      line.put("client", name);
      line.put("room", room.getChannel());
      Driver.tell(line);
    }

    @Override public void onSubscribing(Subscription room, SubscribingEvent e) {
      hear("subscribing", room, Driver.fields("code", e.getCode(), "reason", e.getReason()));
    }

    @Override public void onSubscribed(Subscription room, SubscribedEvent e) {
      hear("subscribed", room, Driver.joined(e.getRecovered(), e.wasRecovering(), e.getData()));
    }

    @Override public void onUnsubscribed(Subscription room, UnsubscribedEvent e) {
      hear("unsubscribed", room, Driver.fields("code", e.getCode(), "reason", e.getReason()));
    }

    @Override public void onPublication(Subscription room, PublicationEvent e) {
      Map<String, Object> line = Driver.message(e.getData(), e.getOffset(), e.getInfo());
      line.put("tags", e.getTags());
      hear("message", room, line);
    }

    @Override public void onJoin(Subscription room, JoinEvent e) {
      hear("join", room, Driver.fields("by", Driver.who(e.getInfo())));
    }

    @Override public void onLeave(Subscription room, LeaveEvent e) {
      hear("leave", room, Driver.fields("by", Driver.who(e.getInfo())));
    }

    @Override public void onError(Subscription room, SubscriptionErrorEvent e) {
      hear("error", room, Driver.fields("message", String.valueOf(e.getError())));
    }
  }
}
