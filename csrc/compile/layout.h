/* layout.h - the sections of a blob, one a kind of rule. */
#ifndef SPOOF_COMPILE_LAYOUT_H
#define SPOOF_COMPILE_LAYOUT_H

#include "blob_parts.h"

void lay_out_statfs(struct spoof_builder *builder, struct bytes *blob, struct blob_header *header);
void lay_out_mounts(struct spoof_builder *builder, struct bytes *blob, struct blob_header *header);
void lay_out_files(struct spoof_builder *builder, struct bytes *blob, struct blob_header *header);
void lay_out_sysinfo(struct spoof_builder *builder, struct bytes *blob, struct blob_header *header);
void lay_out_uname(struct spoof_builder *builder, struct bytes *blob, struct blob_header *header);

#endif
