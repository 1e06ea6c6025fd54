/* SPDX-License-Identifier: Apache-2.0 */
/*
 * control: finds the running server whose bans and limits a command is about. There must be exactly
 * one: the tool does not guess.
 */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <apr_file_info.h>
#include <apr_strings.h>

#include "ctl.h"

#define NOBODY 65534 /* where no user has that name */

/* Where httpd's packages and its own build keep what lives as long as the server. */
static const char *const usual[] = {
    "/run/apache2", "/run/httpd", "/run/apache", "/usr/local/apache2/logs", NULL,
};

static int is_file(const char *path, apr_pool_t *p)
{
    apr_finfo_t info;

    return apr_stat(&info, path, APR_FINFO_TYPE, p) == APR_SUCCESS && info.filetype == APR_REG;
}

static apr_array_header_t *candidates(const char *runtime, apr_pool_t *p)
{
    apr_array_header_t *all = apr_array_make(p, 1, sizeof(char *));
    int i;

    if (runtime && is_file(runtime, p)) {
        APR_ARRAY_PUSH(all, const char *) = runtime;
        return all;
    }
    if (runtime) {
        return ag_control_find(runtime, 0, p);
    }
    for (i = 0; usual[i]; i++) {
        apr_array_cat(all, ag_control_find(usual[i], 0, p));
    }
    return all;
}

/* The server's children can write what is read here and the locks that are taken: one of them that
 * was taken over would become root through an administrator who asks. Nothing else that the tool still
 * does needs to be root. */
static const char *step_down(apr_pool_t *p)
{
    const struct passwd *nobody = geteuid() == 0 ? getpwnam("nobody") : NULL;
    uid_t uid = nobody ? nobody->pw_uid : NOBODY;
    gid_t gid = nobody ? nobody->pw_gid : NOBODY;

    if (geteuid() == 0 && (setgroups(0, NULL) || setgid(gid) || setuid(uid) || geteuid() == 0)) {
        return apr_psprintf(p, "root's rights cannot be given up: %s", strerror(errno));
    }
    return NULL;
}

int ag_ctl_control(ag_control_t **control, apr_size_t *room, int *fd, const ag_ctl_t *ctl, const char *runtime)
{
    const char *set = getenv("APIGUARD_RUNTIME"), *error;
    apr_array_header_t *found;

    runtime = runtime ? runtime : set && *set ? set : NULL;
    found = candidates(runtime, ctl->pool);
    if (found->nelts == 0) {
        return ag_ctl_fail(AG_EXIT_NO,
                           "there is no running server in %s; --runtime takes its "
                           "DefaultRuntimeDir",
                           runtime ? runtime : "the usual directories");
    }
    if (found->nelts > 1) {
        return ag_ctl_fail(AG_EXIT_USAGE, "there are %d servers; name one of them by --runtime:\n%s", found->nelts,
                           apr_array_pstrcat(ctl->pool, found, '\n'));
    }
    error = ag_control_open(control, room, fd, APR_ARRAY_IDX(found, 0, const char *), ctl->pool);
    error = error ? error : step_down(ctl->pool);
    return error ? ag_ctl_fail(AG_EXIT_NO, "%s", error) : AG_EXIT_OK;
}
