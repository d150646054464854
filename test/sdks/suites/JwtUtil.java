// Stands where the suite's own class does: credentials of Usher, in place of tokens that the suite
// signs itself.
package io.github.centrifugal.centrifuge;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URL;
import java.nio.charset.StandardCharsets;

final class JwtUtil {
    private JwtUtil() {}

    static String connectionToken(String user, String secret) {
        return connectionToken(user, secret, 3_600);
    }

    static String connectionToken(String user, String secret, long seconds) {
        return get("token?user=" + user + "&seconds=" + seconds);
    }

    static String subscriptionToken(String user, String channel, String secret) {
        return get("ticket?user=" + user + "&room=" + channel);
    }

    private static String get(String path) {
        try (InputStream answer = new URL("http://localhost:8000/suites/" + path).openStream()) {
            return new String(answer.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
    }
}
