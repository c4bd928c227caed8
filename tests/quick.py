"""Which test modules `make quick` leaves out."""

from __future__ import annotations

LONG = {
    "a browser": "browser test_binder",
    "a kernel": """
        test_bfia_notebook test_kubectl_notebook test_kuscia_magic test_live test_live_parts test_magics test_notebook
        test_notebooks test_panel test_panel_protocol test_terminal test_trace_viewer test_tutorial test_two_notebooks
        test_typed
    """,
    "a build": "test_docs test_openapi_client test_panel_package",
    "other processes": """
        spu test_bfia_server test_black_box test_command_line test_crash test_dialling_out test_doctor test_isolation
        test_node test_own_party test_real_kubectl test_scheduler
    """,
    "seconds": """
        test_bfia test_cluster test_damage test_explore test_faults test_freshness test_fuzz test_identity
        test_interrupts test_kubectl_formats test_lesson_1 test_lesson_2 test_lesson_7 test_lesson_11 test_manifest
        test_memory_limit
        test_own_data test_own_link test_panel_editor test_panel_entities test_panel_form test_pictures test_psi
        test_rounding test_schedules test_scores test_scores_views test_security test_shadow test_small_inputs
        test_template test_trace test_training test_truncation test_viewer_state
    """,
}
"""What `make quick` leaves out, by what it needs, or because it takes several seconds."""
