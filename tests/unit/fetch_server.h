/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fetch_server: a server of one thread on loopback, with TLS if a certificate is made for it, that
 * sends what a test wrote, whether that is HTTP or not.
 */
#ifndef FETCH_SERVER_H
#define FETCH_SERVER_H

#include "unit.h"

#include <arpa/inet.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

typedef struct server_t {
    const char *says;   /* sent when a request's head has come, and its form's body */
    apr_size_t repeats; /* what is sent after it again and again: so many bytes */
    int hangs;          /* it sends nothing more, and keeps the connection */
    SSL_CTX *tls;
    const char *certificate; /* the file with it */
    char heard[4096];        /* the last request */
    int n_heard;
    int listener, stop[2];
    unsigned port;
    pthread_t thread;
} server_t;

/* ---- a certificate for one address, signed by itself -------------------------------------------- */

static inline X509 *certificate_for(const char *address, EVP_PKEY *key)
{
    X509 *cert = X509_new();
    char san[64];
    X509_EXTENSION *names;

    snprintf(san, sizeof san, "IP:%s", address);
    X509_set_version(cert, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
    X509_gmtime_adj(X509_getm_notBefore(cert), -60);
    X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
    X509_set_pubkey(cert, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_ASC, (const unsigned char *)"test", -1, -1,
                               0);
    X509_set_issuer_name(cert, X509_get_subject_name(cert));
    names = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, san);
    X509_add_ext(cert, names, -1);
    X509_EXTENSION_free(names);
    assert_true(X509_sign(cert, key, EVP_sha256()) > 0);
    return cert;
}

static inline void make_tls(server_t *server, const char *address, const char *path)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert = certificate_for(address, key);
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_int_equal(PEM_write_X509(file, cert), 1);
    fclose(file);
    server->certificate = path;
    server->tls = SSL_CTX_new(TLS_server_method());
    assert_int_equal(SSL_CTX_use_certificate(server->tls, cert), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(server->tls, key), 1);
    X509_free(cert);
    EVP_PKEY_free(key);
}

/* ---- a connection ------------------------------------------------------------------------------- */

static inline int get(SSL *ssl, int fd, char *to, int n)
{
    return ssl ? SSL_read(ssl, to, n) : (int)read(fd, to, (size_t)n);
}

static inline int put(SSL *ssl, int fd, const char *text, int n)
{
    return ssl ? SSL_write(ssl, text, n) : (int)write(fd, text, (size_t)n);
}

/* All of a request whose form, if any, comes with its head or right after it. */
static inline int hear(server_t *server, SSL *ssl, int fd)
{
    int length = 0, got = 1;
    const char *end = NULL;

    memset(server->heard, 0, sizeof server->heard);
    while (got > 0 && (!end || (strstr(server->heard, "POST ") && !end[4]))) {
        got = get(ssl, fd, server->heard + length, (int)sizeof server->heard - 1 - length);
        length += got > 0 ? got : 0;
        end = strstr(server->heard, "\r\n\r\n");
    }
    server->n_heard += end != NULL;
    return end != NULL;
}

static inline void tell(server_t *server, SSL *ssl, int fd)
{
    static char block[65536];
    apr_size_t left = server->repeats;
    int sent = put(ssl, fd, server->says, (int)strlen(server->says));

    memset(block, 'x', sizeof block);
    while (sent > 0 && left > 0) {
        sent = put(ssl, fd, block, (int)(left < sizeof block ? left : sizeof block));
        left -= sent > 0 ? (apr_size_t)sent : 0;
    }
    if (server->hangs) {
        struct pollfd wait[2] = {{server->stop[0], POLLIN, 0}, {fd, POLLRDHUP, 0}};

        poll(wait, 2, 10000);
    }
}

static inline void serve(server_t *server, int fd)
{
    SSL *ssl = server->tls ? SSL_new(server->tls) : NULL;

    if (ssl) {
        SSL_set_fd(ssl, fd);
    }
    if ((!ssl || SSL_accept(ssl) == 1) && hear(server, ssl, fd)) {
        tell(server, ssl, fd);
    }
    if (ssl) {
        SSL_shutdown(ssl);
        SSL_free(ssl);
    }
    shutdown(fd, SHUT_WR);
    close(fd);
}

static inline void *server_run(void *ctx)
{
    server_t *server = ctx;
    struct pollfd wait[2] = {{server->stop[0], POLLIN, 0}, {server->listener, POLLIN, 0}};

    while (poll(wait, 2, -1) > 0 && !wait[0].revents) {
        serve(server, accept(server->listener, NULL, NULL));
    }
    return NULL;
}

static inline void server_start(server_t *server)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;

    signal(SIGPIPE, SIG_IGN);
    server->listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(server->listener, (struct sockaddr *)&address, length), 0);
    assert_int_equal(listen(server->listener, 8), 0);
    assert_int_equal(getsockname(server->listener, (struct sockaddr *)&address, &length), 0);
    server->port = ntohs(address.sin_port);
    assert_int_equal(pipe(server->stop), 0);
    assert_int_equal(pthread_create(&server->thread, NULL, server_run, server), 0);
}

static inline void server_stop(server_t *server)
{
    assert_int_equal(write(server->stop[1], "", 1), 1);
    pthread_join(server->thread, NULL);
    close(server->listener);
    close(server->stop[0]);
    close(server->stop[1]);
    SSL_CTX_free(server->tls);
}

#endif
