// Drives clients of centrifuge-java: reads what they shall do as lines of JSON, and prints what
// they answer and hear as lines of JSON. README.md has the lines.
import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonObject;
import io.github.centrifugal.centrifuge.*;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

public class Driver {
  static final Gson gson = new GsonBuilder().serializeNulls().disableHtmlEscaping().create();
  static final Map<String, Client> opened = new ConcurrentHashMap<>();
  static final Map<Integer, TokenCallback> asked = new ConcurrentHashMap<>();

  static synchronized void tell(Map<String, Object> line) {
    System.out.println(gson.toJson(line));
    System.out.flush();
  }

  static Map<String, Object> fields(Object... pairs) {
    Map<String, Object> fields = new HashMap<>();
    for (int at = 0; at < pairs.length; at += 2) fields.put((String) pairs[at], pairs[at + 1]);
    return fields;
  }

  /** Asks the test for a token, which `main` gives to the callback. */
  static synchronized void ask(TokenCallback callback, Map<String, Object> question) {
    int number = asked.size();
    asked.put(number, callback);
    question.put("event", "token");
    question.put("number", number);
    tell(question);
  }

  static String text(byte[] data) {
    return data == null ? null : new String(data, StandardCharsets.UTF_8);
  }

  static byte[] bytes(JsonObject c) {
    return c.get("data").getAsString().getBytes(StandardCharsets.UTF_8);
  }

  static Map<String, Object> who(ClientInfo info) {
    // Without a sender the SDK gives an empty one.
    if (info == null || info.getClient().isEmpty()) return null;
    String more = text(info.getConnInfo());
    return fields("user", info.getUser(), "client", info.getClient(), "info", more);
  }

  static Map<String, Object> message(byte[] data, long offset, ClientInfo info) {
    return fields("data", text(data), "offset", offset, "by", who(info));
  }

  // The position of this version cannot be read: it has no accessors.
  static Map<String, Object> joined(Boolean recovered, Boolean wasRecovering, byte[] data) {
    Map<String, Object> joined = fields("recovered", recovered, "wasRecovering", wasRecovering);
    joined.put("data", text(data));
    return joined;
  }

  static boolean is(JsonObject c, String name) {
    return c.has(name) && c.get(name).getAsBoolean();
  }

  static void open(JsonObject c) {
    String name = c.get("client").getAsString();
    Options options = new Options();
    Map<String, String> headers = new HashMap<>();
    if (c.has("headers")) {
      JsonObject given = c.getAsJsonObject("headers");
      for (String key : given.keySet()) headers.put(key, given.get(key).getAsString());
    }
    options.setHeaders(headers);
    if (c.has("token")) options.setToken(c.get("token").getAsString());
    if (is(c, "asks")) {
      options.setTokenGetter(new ConnectionTokenGetter() {
        @Override public void getConnectionToken(ConnectionTokenEvent e, TokenCallback callback) {
          ask(callback, fields("client", name));
        }
      });
    }
    if (c.has("minDelay")) options.setMinReconnectDelay(c.get("minDelay").getAsInt());
    if (c.has("maxDelay")) options.setMaxReconnectDelay(c.get("maxDelay").getAsInt());
    Events.OfClient events = new Events.OfClient(name, is(c, "clears"));
    opened.put(name, new Client(c.get("url").getAsString(), options, events));
  }

  static void subscribe(Client client, JsonObject c) throws DuplicateSubscriptionException {
    String name = c.get("client").getAsString();
    String room = c.get("room").getAsString();
    Subscription subscription = client.getSubscription(room);
    if (subscription == null) {
      SubscriptionOptions options = new SubscriptionOptions();
      options.setRecoverable(is(c, "recoverable"));
      options.setJoinLeave(is(c, "joinLeave"));
      options.setMinResubscribeDelay(50);
      if (is(c, "asks")) {
        options.setTokenGetter(new SubscriptionTokenGetter() {
          @Override public void getSubscriptionToken(SubscriptionTokenEvent e, TokenCallback done) {
            ask(done, fields("client", name, "room", room));
          }
        });
      }
      subscription = client.newSubscription(room, options, new Events.OfRoom(name));
    }
    subscription.subscribe();
  }

  static void answer(int id, Throwable error, Object result) {
    if (error == null) {
      tell(fields("id", id, "ok", result));
      return;
    }
    int code = error instanceof ReplyError ? ((ReplyError) error).getCode() : 0;
    tell(fields("id", id, "error", fields("code", code, "message", String.valueOf(error))));
  }

  static void history(Client client, int id, String room, JsonObject c) {
    HistoryOptions.Builder options = new HistoryOptions.Builder();
    options.withLimit(c.get("limit").getAsInt()).withReverse(is(c, "reverse"));
    if (c.has("since")) {
      JsonObject since = c.getAsJsonObject("since");
      String epoch = since.get("epoch").getAsString();
      options.withSince(new StreamPosition(since.get("offset").getAsLong(), epoch));
    }
    client.history(room, options.build(), (error, result) -> {
      if (error != null) {
        answer(id, error, null);
        return;
      }
      List<Object> messages = new ArrayList<>();
      for (Publication one : result.getPublications()) {
        messages.add(message(one.getData(), one.getOffset(), one.getInfo()));
      }
      Map<String, Object> line = fields("messages", messages, "offset", result.getOffset());
      line.put("epoch", result.getEpoch());
      answer(id, null, line);
    });
  }

  static void presence(Client client, int id, String room) {
    client.presence(room, (error, result) -> {
      List<Object> clients = new ArrayList<>();
      if (error == null) result.getClients().values().forEach(one -> clients.add(who(one)));
      answer(id, error, clients);
    });
  }

  static void presenceStats(Client client, int id, String room) {
    client.presenceStats(room, (error, found) -> answer(id, error, error != null ? null
        : fields("clients", found.getNumClients(), "users", found.getNumUsers())));
  }

  static void act(String op, Client client, int id, String room, JsonObject c) throws Exception {
    switch (op) {
      case "connect": client.connect(); break;
      case "disconnect": client.disconnect(); break;
      case "subscribe": subscribe(client, c); break;
      case "unsubscribe": client.getSubscription(room).unsubscribe(); break;
      default: throw new Exception("there is no " + op);
    }
    answer(id, null, null);
  }

  static void perform(JsonObject c) throws Exception {
    int id = c.get("id").getAsInt();
    String op = c.get("op").getAsString();
    if (op.equals("open")) {
      open(c);
      answer(id, null, null);
      return;
    }
    Client client = opened.get(c.get("client").getAsString());
    String room = c.has("room") ? c.get("room").getAsString() : "";
    switch (op) {
      case "publish":
        client.publish(room, bytes(c), (error, result) -> answer(id, error, null));
        break;
      case "presence": presence(client, id, room); break;
      case "presenceStats": presenceStats(client, id, room); break;
      case "history": history(client, id, room, c); break;
      case "rpc":
        client.rpc(c.get("method").getAsString(), bytes(c), (error, result) ->
            answer(id, error, error == null ? text(result.getData()) : null));
        break;
      case "send": client.send(bytes(c), error -> answer(id, error, null)); break;
      default: act(op, client, id, room, c);
    }
  }

  public static void main(String[] args) throws Exception {
    InputStreamReader in = new InputStreamReader(System.in, StandardCharsets.UTF_8);
    BufferedReader lines = new BufferedReader(in);
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      JsonObject c = gson.fromJson(line, JsonObject.class);
      if (c.get("op").getAsString().equals("token")) {
        TokenCallback callback = asked.get(c.get("number").getAsInt());
        boolean has = c.has("token") && !c.get("token").isJsonNull();
        if (has) callback.Done(null, c.get("token").getAsString());
        else callback.Done(new UnauthorizedException(), null);
        continue;
      }
      try {
        perform(c);
      } catch (Exception error) {
        answer(c.get("id").getAsInt(), error, null);
      }
    }
    System.exit(0);
  }
}
