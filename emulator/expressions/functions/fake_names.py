"""The functions of Faker that expressions may call, as data: their names and what they take, by Faker's providers.

Nothing else of Faker can be reached. Left out is what reads or makes files, gives objects that are no values, or calls
what it is told to by a text; and of the rest the arguments that are no values. A test holds this against Faker.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import lru_cache
from inspect import Parameter, Signature

GROUPS: dict[str, str] = {
    "address": """
        address administrative_unit building_number city city_prefix city_suffix country current_country
        current_country_code military_apo military_dpo military_ship military_state postalcode
        postalcode_plus4 postcode secondary_address state street_address street_name street_suffix zipcode
        zipcode_plus4
        country_code(representation='alpha-2')
        postalcode_in_state(state_abbr=None)
        postcode_in_state(state_abbr=None)
        state_abbr(include_territories=True, include_freely_associated_states=True)
        zipcode_in_state(state_abbr=None)
    """,
    "automotive": """
        license_plate vin
    """,
    "bank": """
        aba bank_country bban iban
        swift(length=None, primary=False, use_dataset=False)
        swift11(primary=False, use_dataset=False)
        swift8(use_dataset=False)
    """,
    "barcode": """
        localized_ean13 localized_ean8
        ean(length=13, prefixes=())
        ean13(prefixes=(), leading_zero=None)
        ean8(prefixes=())
        localized_ean(length=13)
        upc_a(upc_ae_mode=False, base=None, number_system_digit=None)
        upc_e(base=None, number_system_digit=None, safe_mode=True)
    """,
    "base": """
        language_code locale random_digit random_digit_above_two random_digit_not_null
        random_digit_not_null_or_empty random_digit_or_empty random_letter random_lowercase_letter
        random_uppercase_letter
        bothify(text='## ??', letters='abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ')
        hexify(text='^^^^', upper=False)
        lexify(text='????', letters='abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ')
        numerify(text='###')
        random_choices(elements=('a', 'b', 'c'), length=None)
        random_element(elements=('a', 'b', 'c'))
        random_elements(elements=('a', 'b', 'c'), length=None, unique=False, use_weighting=None)
        random_int(min=0, max=9999, step=1)
        random_letters(length=16)
        random_number(digits=None, fix_len=False)
        random_sample(elements=('a', 'b', 'c'), length=None)
        randomize_nb_elements(number=10, le=False, ge=False, min=None, max=None)
    """,
    "color": """
        color_name hex_color rgb_color rgb_css_color safe_color_name safe_hex_color
        color(hue=None, luminosity=None, color_format='hex')
        color_hsl(hue=None, luminosity=None)
        color_hsv(hue=None, luminosity=None)
        color_rgb(hue=None, luminosity=None)
        color_rgb_float(hue=None, luminosity=None)
    """,
    "company": """
        bs catch_phrase company company_suffix
    """,
    "credit_card": """
        credit_card_expire(start='now', end='+10y', date_format='%m/%y')
        credit_card_full(card_type=None)
        credit_card_number(card_type=None)
        credit_card_provider(card_type=None)
        credit_card_security_code(card_type=None)
    """,
    "currency": """
        cryptocurrency cryptocurrency_code cryptocurrency_name currency currency_code currency_name pricetag
        currency_symbol(code=None)
    """,
    "date_time": """
        am_pm century day_of_month day_of_week month month_name timezone year
        date(pattern='%Y-%m-%d', end_datetime=None)
        date_between(start_date='-30y', end_date='today')
        date_between_dates(date_start=None, date_end=None)
        date_object(end_datetime=None)
        date_of_birth(minimum_age=0, maximum_age=115)
        date_this_century(before_today=True, after_today=False)
        date_this_decade(before_today=True, after_today=False)
        date_this_month(before_today=True, after_today=False)
        date_this_year(before_today=True, after_today=False)
        date_time(end_datetime=None)
        date_time_ad(end_datetime=None, start_datetime=None)
        date_time_between(start_date='-30y', end_date='now')
        date_time_between_dates(datetime_start=None, datetime_end=None)
        date_time_this_century(before_now=True, after_now=False)
        date_time_this_decade(before_now=True, after_now=False)
        date_time_this_month(before_now=True, after_now=False)
        date_time_this_year(before_now=True, after_now=False)
        future_date(end_date='+30d')
        future_datetime(end_date='+30d')
        iso8601(end_datetime=None, sep='T', timespec='auto')
        past_date(start_date='-30d')
        past_datetime(start_date='-30d')
        time(pattern='%H:%M:%S', end_datetime=None)
        time_delta(end_datetime=None)
        time_object(end_datetime=None)
        unix_time(end_datetime=None, start_datetime=None)
    """,
    "doi": """
        doi
    """,
    "emoji": """
        emoji
    """,
    "file": """
        file_extension(category=None)
        file_name(category=None, extension=None)
        file_path(depth=1, category=None, extension=None, absolute=True, file_system_rule='linux')
        mime_type(category=None)
        unix_device(prefix=None)
        unix_partition(prefix=None)
    """,
    "geo": """
        latitude latlng longitude
        coordinate(center=None, radius=0.001)
        local_latlng(country_code='US', coords_only=False)
        location_on_land(coords_only=False)
    """,
    "internet": """
        ascii_company_email ascii_email ascii_free_email ascii_safe_email company_email domain_word free_email
        free_email_domain http_method iana_id ipv4_network_class ripe_id safe_domain_name safe_email tld
        uri_extension uri_page user_name
        dga(year=None, month=None, day=None, tld=None, length=None)
        domain_name(levels=1)
        email(safe=True, domain=None)
        hostname(levels=1)
        http_status_code(include_unassigned=True)
        image_url(width=None, height=None)
        ipv4(network=False, address_class=None, private=None)
        ipv4_private(network=False, address_class=None)
        ipv4_public(network=False, address_class=None)
        ipv6(network=False)
        mac_address(multicast=False)
        nic_handle(suffix='FAKE')
        nic_handles(count=1, suffix='????')
        port_number(is_system=False, is_user=False, is_dynamic=False)
        slug(value=None)
        uri(schemes=None, deep=None)
        uri_path(deep=None)
        url(schemes=None)
    """,
    "isbn": """
        isbn10(separator='-')
        isbn13(separator='-')
    """,
    "job": """
        job job_female job_male
    """,
    "lorem": """
        get_words_list(part_of_speech=None, ext_word_list=None)
        paragraph(nb_sentences=3, variable_nb_sentences=True, ext_word_list=None)
        paragraphs(nb=3, ext_word_list=None)
        sentence(nb_words=6, variable_nb_words=True, ext_word_list=None)
        sentences(nb=3, ext_word_list=None)
        text(max_nb_chars=200, ext_word_list=None)
        texts(nb_texts=3, max_nb_chars=200, ext_word_list=None)
        word(part_of_speech=None, ext_word_list=None)
        words(nb=3, ext_word_list=None, part_of_speech=None, unique=False)
    """,
    "misc": """
        null_boolean uuid1 uuid4 uuid7
        boolean(chance_of_getting_true=50)
        md5(raw_output=False)
        password(length=10, special_chars=True, digits=True, upper_case=True, lower_case=True)
        sha1(raw_output=False)
        sha256(raw_output=False)
    """,
    "passport": """
        passport_dob passport_number
        passport_owner(gender='X')
    """,
    "person": """
        first_name first_name_female first_name_male first_name_nonbinary language_name last_name
        last_name_female last_name_male last_name_nonbinary name name_female name_male name_nonbinary prefix
        prefix_female prefix_male prefix_nonbinary suffix suffix_female suffix_male suffix_nonbinary
    """,
    "phone_number": """
        basic_phone_number country_calling_code msisdn phone_number
    """,
    "profile": """
        profile(fields=None, sex=None)
        simple_profile(sex=None)
    """,
    "python": """
        pybool(truth_probability=50)
        pydecimal(left_digits=None, right_digits=None, positive=None, min_value=None, max_value=None)
        pydict(nb_elements=10, variable_nb_elements=True)
        pyfloat(left_digits=None, right_digits=None, positive=None, min_value=None, max_value=None)
        pyint(min_value=0, max_value=9999, step=1)
        pylist(nb_elements=10, variable_nb_elements=True)
        pystr(min_chars=None, max_chars=20, prefix='', suffix='')
    """,
    "sbn": """
        sbn9(separator='-')
    """,
    "ssn": """
        ein invalid_ssn itin
        ssn(taxpayer_identification_number_type='SSN')
    """,
    "user_agent": """
        android_platform_token firefox internet_explorer ios_platform_token linux_platform_token
        linux_processor mac_platform_token mac_processor opera safari user_agent windows_platform_token
        chrome(version_from=13, version_to=63, build_from=800, build_to=899)
    """,
}
"""Of each provider, first the functions without arguments, then each of the others on a line of its own."""


def functions_of(group: str) -> Iterator[str]:
    """Yield the functions of a provider as they are called: ``sentence(nb_words=6)``."""
    for line in GROUPS[group].splitlines():
        if line.endswith(")"):
            yield line.strip()
        else:
            yield from (f"{name}()" for name in line.split())


NAMES: dict[str, str] = {
    written.partition("(")[0]: written for group in GROUPS for written in sorted(functions_of(group))
}
"""How each function is called, by its name."""


@lru_cache
def signature_of(name: str) -> Signature:
    """Return what a function takes; read when it is first called, because they are many."""
    parsed = ast.parse(f"def {NAMES[name]}: ...").body[0]
    assert isinstance(parsed, ast.FunctionDef)
    taken = zip(parsed.args.args, parsed.args.defaults, strict=True)
    kind = Parameter.POSITIONAL_OR_KEYWORD
    return Signature([Parameter(each.arg, kind, default=ast.literal_eval(default)) for each, default in taken])
