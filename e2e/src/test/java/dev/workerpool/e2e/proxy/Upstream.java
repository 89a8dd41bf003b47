package dev.workerpool.e2e.proxy;

import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.internal.SSLUtils;
import java.io.IOException;
import java.net.Socket;
import java.net.URI;
import java.security.GeneralSecurityException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.SSLSocketFactory;

/** The way to the API server of a configuration, as the user that it names. */
final class Upstream {
    private final URI server;
    private final SSLSocketFactory tls;
    private final String token;

    Upstream(Config config) {
        server = URI.create(config.getMasterUrl());
        token = config.getAutoOAuthToken();
        try {
            tls = secure() ? SSLUtils.sslContext(config).getSocketFactory() : null;
        } catch (GeneralSecurityException | IOException e) {
            throw new IllegalStateException("the way to " + server, e);
        }
    }

    private boolean secure() {
        return "https".equals(server.getScheme());
    }

    Socket connect() throws IOException {
        int port = server.getPort() > 0 ? server.getPort() : secure() ? 443 : 80;
        Socket socket = secure() ? tls.createSocket(server.getHost(), port) : new Socket(server.getHost(), port);
        socket.setTcpNoDelay(true);
        if (socket instanceof SSLSocket ssl) {
            SSLParameters parameters = ssl.getSSLParameters();
            parameters.setEndpointIdentificationAlgorithm("HTTPS");
            ssl.setSSLParameters(parameters);
            ssl.startHandshake();
        }
        return socket;
    }

    /** The request as the API server is to get it: HTTP/2 is not for this proxy, and the client need not know who it is. */
    Message addressed(Message request) {
        Message plain = request.header("Upgrade").equalsIgnoreCase("h2c")
                ? request.without(h -> h.is("Upgrade") || h.is("HTTP2-Settings") || h.is("Connection"))
                : request;
        Message addressed = plain.with("Host", server.getAuthority());
        return token == null || !request.header("Authorization").isEmpty()
                ? addressed
                : addressed.with("Authorization", "Bearer " + token);
    }
}
